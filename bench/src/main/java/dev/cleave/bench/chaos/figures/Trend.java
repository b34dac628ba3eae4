package dev.cleave.bench.chaos.figures;

import java.util.Arrays;

/**
 * Where a quantity goes while time passes: the Theil-Sen slope (the median of the slopes between
 * all pairs of points) with Sen's confidence interval. A few wild samples move neither.
 *
 * <p>Samples that follow one another are alike, which would make the interval too narrow: the
 * points are the medians of blocks of samples. Immutable.
 *
 * @param perHour the slope, in the quantity's unit
 * @param low end of the interval that holds the slope with a probability of 95 %
 * @param high end of it
 * @param noise typical distance of a block from the line (median absolute deviation, scaled to a
 *     standard deviation)
 * @param hours that the samples span
 */
public record Trend(double perHour, double low, double high, double noise, double hours) {
  private static final int MOST_BLOCKS = 48;
  private static final double NORMAL_95 = 1.96;
  private static final double DEVIATION_OF_MEDIAN = 1.4826;

  /**
   * The trend of samples.
   *
   * @param hours when each was taken, ascending
   * @param values what was found, as many, at least 3
   */
  public static Trend of(double[] hours, double[] values) {
    if (hours.length != values.length || values.length < 3) {
      throw new IllegalArgumentException(
          "a trend needs at least 3 samples, got %d at %d times"
              .formatted(values.length, hours.length));
    }
    int blocks = Math.min(MOST_BLOCKS, values.length);
    double[] times = new double[blocks];
    double[] points = new double[blocks];
    for (int b = 0; b < blocks; b++) {
      int from = b * values.length / blocks;
      int to = (b + 1) * values.length / blocks;
      times[b] = median(Arrays.copyOfRange(hours, from, to));
      points[b] = median(Arrays.copyOfRange(values, from, to));
    }
    return ofPoints(times, points);
  }

  private static Trend ofPoints(double[] times, double[] points) {
    int n = points.length;
    double[] slopes = new double[n * (n - 1) / 2];
    int count = 0;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        slopes[count++] = (points[j] - points[i]) / (times[j] - times[i]);
      }
    }
    Arrays.sort(slopes);
    double slope = median(slopes);
    // Sen (1968): the slopes whose ranks are as far from the middle as Kendall's statistic varies.
    double spread = NORMAL_95 * Math.sqrt(n * (n - 1.0) * (2 * n + 5) / 18);
    int low = (int) Math.floor((count - spread) / 2);
    int high = (int) Math.ceil((count + spread) / 2);
    double[] residuals = new double[n];
    for (int i = 0; i < n; i++) {
      residuals[i] = points[i] - slope * times[i];
    }
    double middle = median(residuals);
    for (int i = 0; i < n; i++) {
      residuals[i] = Math.abs(residuals[i] - middle);
    }
    return new Trend(
        slope,
        slopes[Math.clamp(low, 0, count - 1)],
        slopes[Math.clamp(high, 0, count - 1)],
        DEVIATION_OF_MEDIAN * median(residuals),
        times[n - 1] - times[0]);
  }

  /**
   * Whether nothing grows: the interval reaches down to 0, or what the slope adds over the whole
   * span is not more than the quantity's own noise or than this much.
   *
   * @param negligible growth over the span that is of no account, such as one of a thing
   */
  public boolean flat(double negligible) {
    return low <= 0 || perHour * hours <= Math.max(2 * noise, negligible);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }
}
