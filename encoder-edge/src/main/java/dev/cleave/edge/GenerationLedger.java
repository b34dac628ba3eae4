package dev.cleave.edge;

import java.util.concurrent.TimeUnit;

/**
 * What the receipt of one generation will say of its times, in nanoseconds of {@link
 * System#nanoTime()}, and of the positions sent. Thread-safe: the upload writes its part, the
 * reader of the answer the rest.
 */
final class GenerationLedger {
  private final long startNanos = System.nanoTime();
  private volatile long encodeNanos;
  private volatile long firstTokenNanos;
  private volatile long lastTokenNanos;
  private volatile long endNanos;
  private volatile int positionsSent;

  long elapsedNanos() {
    return System.nanoTime() - startNanos;
  }

  void encoded(long nanos) {
    encodeNanos = nanos;
  }

  void sent(int positions) {
    positionsSent = positions;
  }

  int positionsSent() {
    return positionsSent;
  }

  void token() {
    lastTokenNanos = elapsedNanos();
    if (firstTokenNanos == 0) {
      firstTokenNanos = lastTokenNanos;
    }
  }

  void end() {
    endNanos = elapsedNanos();
  }

  Receipt.Timing timing(int tokens) {
    long decodeNanos = lastTokenNanos - firstTokenNanos;
    double perSecond =
        decodeNanos > 0 ? (tokens - 1) * (double) TimeUnit.SECONDS.toNanos(1) / decodeNanos : 0;
    return new Receipt.Timing(
        millis(encodeNanos), millis(firstTokenNanos), millis(endNanos), round(perSecond, 10));
  }

  private static double millis(long nanos) {
    return round(nanos / 1e6, 1000);
  }

  private static double round(double value, int parts) {
    return Math.rint(value * parts) / parts;
  }
}
