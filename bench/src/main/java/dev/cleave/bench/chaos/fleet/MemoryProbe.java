package dev.cleave.bench.chaos.fleet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What another process of Java has in use, by the JDK's own tool. */
public final class MemoryProbe {
  private static final Pattern USED = Pattern.compile("used ([0-9]+)K");

  /** Behind those of the arenas come the totals of all. */
  private static final Pattern TOTAL =
      Pattern.compile("<(total|system) type=\"(fast|rest|mmap|current)\".* size=\"([0-9]+)\"/>");

  private MemoryProbe() {}

  /**
   * Bytes that the process has allocated from the C library and not freed, whatever of it is
   * resident.
   *
   * @throws IOException also where the C library is not glibc, which alone tells
   */
  public static long nativeBytes(long pid) throws IOException, InterruptedException {
    String info = jcmd(pid, "System.native_heap_info");
    Matcher total = TOTAL.matcher(info.substring(info.lastIndexOf("</heap>") + 1));
    long bytes = 0;
    int found = 0;
    while (total.find()) {
      boolean free = total.group(2).equals("fast") || total.group(2).equals("rest");
      bytes += (free ? -1 : 1) * Long.parseLong(total.group(3));
      found++;
    }
    if (found != 4) {
      throw new IOException("jcmd says nothing of native allocations: " + info);
    }
    return bytes;
  }

  /** Bytes of the Java heap in use behind a full collection. */
  public static long heapBytes(long pid) throws IOException, InterruptedException {
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
