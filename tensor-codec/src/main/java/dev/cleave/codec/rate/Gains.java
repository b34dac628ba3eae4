package dev.cleave.codec.rate;

import dev.cleave.codec.quantise.Steps;

/**
 * The gain of a row in eighths of an octave: how much larger it is than the profile's deviations.
 */
final class Gains {
  private static final float[] POWERS = new float[256];

  /** Entries so many times the row's root mean square are left out of it, in rounds. */
  private static final double OUTLIER = 8;

  private static final int ROUNDS = 4;

  static {
    for (int k = Byte.MIN_VALUE; k <= Byte.MAX_VALUE; k++) {
      POWERS[k & 0xFF] = (float) Steps.power(2 * k);
    }
  }

  private Gains() {}

  /** {@code 2^(k / 8)}. */
  static float gain(byte k) {
    return POWERS[k & 0xFF];
  }

  /** The k that fits a row best; 0 for one that is not finite or equals the means. */
  static int of(float[] row, float[] means, float[] perDeviation) {
    double limit = Float.MAX_VALUE;
    double rms = 1;
    for (int round = 0; round < ROUNDS; round++) {
      double sum = 0;
      int count = 0;
      double largest = 0;
      for (int c = 0; c < means.length; c++) {
        double z = Math.abs((row[c] - means[c]) * perDeviation[c]);
        if (z <= limit) {
          sum += z * z;
          count++;
          largest = Math.max(largest, z);
        }
      }
      if (!(sum > 0)) {
        return 0;
      }
      rms = Math.sqrt(sum / count);
      limit = OUTLIER * rms;
      if (largest <= limit) {
        break;
      }
    }
    return Math.clamp((Steps.logarithm(rms) + 1) >> 1, Byte.MIN_VALUE, Byte.MAX_VALUE);
  }
}
