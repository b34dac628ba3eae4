package dev.cleave.bench.chaos.figures;

import java.util.Arrays;
import java.util.Locale;

/** Durations that were measured, and their percentiles. Thread-safe. */
public final class Times {
  private static final int FIRST_CAPACITY = 1024;

  private long[] nanos = new long[FIRST_CAPACITY];
  private int count;

  /** One duration. */
  public synchronized void add(long durationNanos) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = durationNanos;
  }

  /** How many there are. */
  public synchronized int count() {
    return count;
  }

  /**
   * The duration that this share of all does not exceed; 0 without any.
   *
   * @param share from 0 to 1
   */
  public synchronized double millis(double share) {
    if (count == 0) {
      return 0;
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    int rank = (int) Math.ceil(share * count) - 1;
    return sorted[Math.clamp(rank, 0, count - 1)] / 1e6;
  }

  /** Median and 95th percentile in words. */
  public String text() {
    return String.format(Locale.ROOT, "p50 %.0f ms, p95 %.0f ms", millis(0.5), millis(0.95));
  }
}
