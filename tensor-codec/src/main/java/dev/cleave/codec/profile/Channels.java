package dev.cleave.codec.profile;

/** Mean and standard deviation of each channel of a boundary tensor. Immutable. */
public final class Channels {
  private final float[] means;
  private final float[] deviations;

  /**
   * Channels of these statistics.
   *
   * @param means finite; copied
   * @param deviations finite, at least {@link Float#MIN_NORMAL} so that there is an inverse, with a
   *     floor for channels that never change; copied
   */
  public Channels(float[] means, float[] deviations) {
    if (means.length != deviations.length || means.length == 0) {
      throw new IllegalArgumentException(
          "means and deviations must be as many: %d and %d"
              .formatted(means.length, deviations.length));
    }
    for (int c = 0; c < means.length; c++) {
      if (!Float.isFinite(means[c])
          || !(deviations[c] >= Float.MIN_NORMAL)
          || !Float.isFinite(deviations[c])) {
        throw new IllegalArgumentException(
            "channel %d has mean %s and deviation %s: both must be finite, the second above 0 by a normal number"
                .formatted(c, means[c], deviations[c]));
      }
    }
    this.means = means.clone();
    this.deviations = deviations.clone();
  }

  /** How many there are. */
  public int width() {
    return means.length;
  }

  /** Mean of a channel. */
  public float mean(int channel) {
    return means[channel];
  }

  /** Standard deviation of a channel, above 0. */
  public float deviation(int channel) {
    return deviations[channel];
  }

  /** A copy of the means, f32 [width]. */
  public float[] means() {
    return means.clone();
  }

  /** A copy of the deviations, f32 [width]. */
  public float[] deviations() {
    return deviations.clone();
  }

  /** What a squared error in each channel is multiplied by: 1 / deviation^2, f64 [width]. */
  public double[] inverseVariances() {
    double[] weights = new double[deviations.length];
    for (int c = 0; c < weights.length; c++) {
      weights[c] = 1 / ((double) deviations[c] * deviations[c]);
    }
    return weights;
  }
}
