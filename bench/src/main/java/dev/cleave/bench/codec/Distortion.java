package dev.cleave.bench.codec;

/** The mean over elements of squared error over the variance of the channel. */
final class Distortion {
  private final float[] deviations;
  private double sum;
  private long elements;

  /**
   * @param deviations of each channel, f32 [width]
   */
  Distortion(float[] deviations) {
    this.deviations = deviations.clone();
  }

  /** Counts rows, f32 [positions, width], and what became of them. */
  void add(float[] rows, float[] back) {
    for (int i = 0; i < rows.length; i++) {
      double error = ((double) rows[i] - back[i]) / deviations[i % deviations.length];
      sum += error * error;
    }
    elements += rows.length;
  }

  /** In decibels. */
  double decibels() {
    return 10 * Math.log10(sum / elements);
  }

  /** Bits an element that no code for independent normal channels can do without at this. */
  double bound() {
    // Reverse water-filling over channels of variance 1 each is the plain Gaussian bound.
    return Math.max(0, -0.5 * Math.log(sum / elements) / Math.log(2));
  }
}
