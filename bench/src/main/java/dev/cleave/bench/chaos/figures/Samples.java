package dev.cleave.bench.chaos.figures;

import java.util.ArrayList;
import java.util.List;

/** A quantity over time. Confined to one thread. */
public final class Samples {
  private static final double NANOS_PER_HOUR = 3600e9;

  private final List<Double> hours = new ArrayList<>();
  private final List<Double> values = new ArrayList<>();

  /** One sample, this long after the beginning. */
  public void add(long sinceNanos, double value) {
    hours.add(sinceNanos / NANOS_PER_HOUR);
    values.add(value);
  }

  /** How many there are. */
  public int count() {
    return values.size();
  }

  /** The last one. */
  public double last() {
    return values.getLast();
  }

  /** Where they go. */
  public Trend trend() {
    return Trend.of(
        hours.stream().mapToDouble(Double::doubleValue).toArray(),
        values.stream().mapToDouble(Double::doubleValue).toArray());
  }
}
