package dev.cleave.wire.tls;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file of certificates or keys cannot be used; the message names it, why, and the next move. */
public final class UnusableFile extends RuntimeException {
  /**
   * @param file which one
   * @param why it cannot be used
   * @param next the next move
   */
  public UnusableFile(Path file, String why, String next, @Nullable Throwable cause) {
    super("cannot use %s: %s; %s".formatted(file, why, next), cause);
  }
}
