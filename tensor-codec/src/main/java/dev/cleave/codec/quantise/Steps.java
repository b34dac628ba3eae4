package dev.cleave.codec.quantise;

/**
 * The quantiser's steps and the classes of deviations in units of a step. All constants come from
 * square roots and powers of two, which are exact everywhere. Stateless.
 */
public final class Steps {
  /** The finest step's index. */
  public static final int LAST = 255;

  private static final int PER_OCTAVE = 16;

  /** {@code 2^(i / 16)} for i in 0..15. */
  private static final double[] SIXTEENTHS = sixteenths();

  private static final double HALF_A_SIXTEENTH = Math.sqrt(SIXTEENTHS[1]);

  /** Index 0 is the step 4. */
  private static final int FIRST_OCTAVE = 2;

  private Steps() {}

  /** {@code 4 * 2^(-index / 16)}. */
  public static float step(int index) {
    return (float) power(FIRST_OCTAVE * PER_OCTAVE - index);
  }

  /** {@code 2^(sixteenths / 16)}. */
  public static double power(int sixteenths) {
    return Math.scalb(
        SIXTEENTHS[Math.floorMod(sixteenths, PER_OCTAVE)], Math.floorDiv(sixteenths, PER_OCTAVE));
  }

  /** The logarithm to base 2 of a normal value above 0, in sixteenths, rounded. */
  public static int logarithm(double value) {
    int exponent = Math.getExponent(value);
    double mantissa = Math.scalb(value, -exponent);
    int part = 0;
    while (part < PER_OCTAVE && mantissa >= SIXTEENTHS[part] * HALF_A_SIXTEENTH) {
      part++;
    }
    return exponent * PER_OCTAVE + part;
  }

  /**
   * The class, in eighths of an octave, of a deviation over a step.
   *
   * @param sigma logarithm of the deviation in sixteenths
   */
  static int classOf(int sigma, int stepIndex) {
    return (sigma + stepIndex - FIRST_OCTAVE * PER_OCTAVE + 1) >> 1;
  }

  private static double[] sixteenths() {
    double half = Math.sqrt(2);
    double quarter = Math.sqrt(half);
    double eighth = Math.sqrt(quarter);
    double sixteenth = Math.sqrt(eighth);
    double[] powers = new double[PER_OCTAVE];
    for (int i = 0; i < PER_OCTAVE; i++) {
      powers[i] =
          ((i & 8) == 0 ? 1 : half)
              * ((i & 4) == 0 ? 1 : quarter)
              * ((i & 2) == 0 ? 1 : eighth)
              * ((i & 1) == 0 ? 1 : sixteenth);
    }
    return powers;
  }
}
