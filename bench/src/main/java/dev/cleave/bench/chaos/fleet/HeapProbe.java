package dev.cleave.bench.chaos.fleet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What lives on the Java heap of another process, by the JDK's own tool. */
public final class HeapProbe {
  private static final Pattern USED = Pattern.compile("used ([0-9]+)K");

  private HeapProbe() {}

  /** Bytes in use behind a full collection. */
  public static long usedBytes(long pid) throws IOException, InterruptedException {
    jcmd(pid, "GC.run");
    // Generations of the serial collector; the rest of the page is about classes.
    String info = jcmd(pid, "GC.heap_info").replaceFirst("(?s)Metaspace.*", "");
    Matcher used = USED.matcher(info);
    long bytes = 0;
    while (used.find()) {
      bytes += Long.parseLong(used.group(1)) << 10;
    }
    if (bytes == 0) {
      throw new IOException("jcmd says nothing of the heap: " + info);
    }
    return bytes;
  }

  private static String jcmd(long pid, String command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(pid),
                command)
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("jcmd " + command + " failed: " + out);
    }
    return out;
  }
}
