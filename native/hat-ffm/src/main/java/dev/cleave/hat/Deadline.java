package dev.cleave.hat;

import java.time.Duration;

/**
 * A time until which something may take.
 *
 * @param nanoTime of {@link System#nanoTime}
 */
record Deadline(long nanoTime) {
  /** More than anyone waits, and far from what overflows. */
  private static final Duration LONGEST = Duration.ofDays(365);

  static Deadline in(Duration timeout) {
    Duration bounded = timeout.compareTo(LONGEST) < 0 ? timeout : LONGEST;
    return new Deadline(System.nanoTime() + Math.max(0, bounded.toNanos()));
  }

  /** Nanoseconds that are left, 0 for none. */
  long left() {
    return Math.max(0, nanoTime - System.nanoTime());
  }

  /** The same for the library: at least 1, because of less it would take nothing that is ready. */
  int leftMillis() {
    return Math.clamp(Math.ceilDiv(left(), 1_000_000), 1, Integer.MAX_VALUE);
  }
}
