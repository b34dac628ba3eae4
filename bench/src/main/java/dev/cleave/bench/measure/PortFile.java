package dev.cleave.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** How a server process says that it takes sessions: {@code serve --port-file}. */
public final class PortFile {
  private static final Duration START = Duration.ofMinutes(3);
  private static final long POLL_MILLIS = 10;

  private PortFile() {}

  /**
   * Waits until the process has written the file, and returns the port that it listens on.
   *
   * @param log what the process prints, for the error's message
   * @throws IOException when the process ends before, or is not there within three minutes
   */
  public static int await(Process process, Path portFile, Path log)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START.toNanos();
    while (!Files.exists(portFile)) {
      if (!process.isAlive() || System.nanoTime() - deadline > 0) {
        throw new IOException("a server did not start:\n" + Files.readString(log));
      }
      Thread.sleep(POLL_MILLIS);
    }
    String address = Files.readString(portFile).strip();
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }
}
