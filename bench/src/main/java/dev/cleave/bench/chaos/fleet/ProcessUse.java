package dev.cleave.bench.chaos.fleet;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process holds, as Linux counts it.
 *
 * @param residentBytes memory that is resident
 * @param hugePageBytes of it in pages of 2 MiB, which the kernel makes of smaller ones on its own
 * @param threads of the process
 * @param files open file descriptors, sockets among them
 */
public record ProcessUse(long residentBytes, long hugePageBytes, int threads, int files) {
  private static final Path PROC = Path.of("/proc");

  /** Whether this system tells. */
  public static boolean supported() {
    return Files.isReadable(PROC.resolve("self/smaps_rollup"));
  }

  /** What the process holds now. */
  public static ProcessUse of(long pid) throws IOException {
    Path process = PROC.resolve(Long.toString(pid));
    String memory = Files.readString(process.resolve("smaps_rollup"));
    String status = Files.readString(process.resolve("status"));
    int files = 0;
    try (DirectoryStream<Path> open = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path _ : open) {
        files++;
      }
    }
    return new ProcessUse(
        kibibytes(memory, "Rss:") << 10,
        kibibytes(memory, "AnonHugePages:") << 10,
        (int) kibibytes(status, "Threads:"),
        files);
  }

  private static long kibibytes(String text, String field) throws IOException {
    Matcher matcher =
        Pattern.compile("^" + field + "\\s+([0-9]+)", Pattern.MULTILINE).matcher(text);
    if (!matcher.find()) {
      throw new IOException("there is no " + field + " in what /proc says");
    }
    return Long.parseLong(matcher.group(1));
  }
}
