package dev.cleave.server.stream;

import java.time.Duration;

/**
 * How long the server has waited for the parts of one prompt, all of them together: who sends a
 * little just before each idle time-out would otherwise keep a slot as long as it likes. Time in
 * which the server itself does not read is not counted. Guarded by the stream's lock.
 */
final class UploadPatience {

  private final long mostNanos;
  private long waitedNanos;

  UploadPatience(Duration most) {
    this.mostNanos = most.toNanos();
  }

  /** A message came, after this long. */
  void message(Exchange exchange, long silentNanos) {
    waitedNanos = exchange.awaitsPrompt() ? waitedNanos + silentNanos : 0;
  }

  /** Whether a prompt has taken too long, with what its client has been silent for by now. */
  boolean isOver(Exchange exchange, long silentNanos) {
    return exchange.awaitsPrompt() && waitedNanos + silentNanos > mostNanos;
  }
}
