package dev.cleave.codec.profile;

import java.util.Arrays;

/**
 * The rate-distortion function of independent Gaussian coordinates under mean squared error, by
 * reverse water-filling (Cover and Thomas, Elements of Information Theory, theorem 10.3.3): below a
 * level theta a coordinate is not sent at all, above it costs 1/2 log2(variance / theta) bits, and
 * the distortion is the mean of min(theta, variance). Among all sources with these variances the
 * Gaussian one is the hardest, so a real source can be coded in fewer bits. Immutable.
 */
public final class ReverseWaterFilling {
  private static final double HALF_LOG2 = 0.5 / Math.log(2);

  /** Ascending. */
  private final double[] variances;

  /** {@code below[k]} is the sum of the k smallest. */
  private final double[] below;

  /** {@code logsFrom[k]} is the sum of the natural logarithms of all but the k smallest. */
  private final double[] logsFrom;

  private ReverseWaterFilling(double[] variances) {
    int n = variances.length;
    this.variances = variances;
    this.below = new double[n + 1];
    this.logsFrom = new double[n + 1];
    for (int i = 0; i < n; i++) {
      below[i + 1] = below[i] + variances[i];
    }
    for (int i = n - 1; i >= 0 && variances[i] > 0; i--) {
      logsFrom[i] = logsFrom[i + 1] + Math.log(variances[i]);
    }
  }

  /**
   * The function for these variances.
   *
   * @param variances of the coordinates, finite, not negative, one of them above 0; copied
   */
  public static ReverseWaterFilling of(double[] variances) {
    double[] sorted = variances.clone();
    Arrays.sort(sorted);
    if (sorted.length == 0
        || !(sorted[0] >= 0)
        || !(sorted[sorted.length - 1] > 0)
        || !Double.isFinite(sorted[sorted.length - 1])) {
      throw new IllegalArgumentException(
          "variances must be finite, not negative and not all 0: " + sorted.length + " of them");
    }
    return new ReverseWaterFilling(sorted);
  }

  /** The distortion at rate 0: the mean of the variances. */
  public double largestDistortion() {
    return below[variances.length] / variances.length;
  }

  /**
   * The least bits per coordinate at a distortion; 0 from {@link #largestDistortion} on.
   *
   * @param distortion mean squared error, above 0
   */
  public double bits(double distortion) {
    if (!(distortion > 0)) {
      throw new IllegalArgumentException("distortion must be above 0, was " + distortion);
    }
    int n = variances.length;
    double total = distortion * n;
    if (total >= below[n]) {
      return 0;
    }
    // With the k smallest under water, theta is what is left of the distortion for the others.
    int k = search(total);
    double theta = (total - below[k]) / (n - k);
    return Math.max(0, HALF_LOG2 * (logsFrom[k] - (n - k) * Math.log(theta)) / n);
  }

  /** The largest count of coordinates that are under water when all hold this distortion. */
  private int search(double total) {
    int n = variances.length;
    int low = 0;
    int high = n - 1;
    while (low < high) {
      int k = (low + high + 1) >>> 1;
      // k are under water when the distortion suffices to fill up to the k-th's variance.
      if (below[k] + (n - k) * variances[k - 1] <= total) {
        low = k;
      } else {
        high = k - 1;
      }
    }
    return low;
  }

  /**
   * The least distortion at a rate: the inverse of {@link #bits}.
   *
   * @param bits per coordinate, not negative
   */
  public double distortion(double bits) {
    if (!(bits >= 0)) {
      throw new IllegalArgumentException("bits must not be negative, were " + bits);
    }
    int n = variances.length;
    double nats = bits * n / HALF_LOG2;
    for (int k = 0; k < n; k++) {
      // The level at which the coordinates from k on cost as much.
      double theta = Math.exp((logsFrom[k] - nats) / (n - k));
      if (variances[k] > 0 && theta <= variances[k]) {
        return (below[k] + (n - k) * theta) / n;
      }
    }
    return largestDistortion();
  }
}
