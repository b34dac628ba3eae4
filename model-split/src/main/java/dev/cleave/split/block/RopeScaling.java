package dev.cleave.split.block;

/** How the frequencies of a {@linkplain AttentionSpec.Rope rotary embedding} are stretched. */
public sealed interface RopeScaling {
  /** The frequency that takes the place of {@code plain}, both in radians per position. */
  float apply(float plain);

  /** They are not: "default". */
  record None() implements RopeScaling {
    @Override
    public float apply(float plain) {
      return plain;
    }
  }

  /**
   * All by one factor: "linear".
   *
   * @param factor positions are divided by it; at least 1
   */
  record Linear(double factor) implements RopeScaling {
    public Linear {
      requireFactor(factor);
    }

    @Override
    public float apply(float plain) {
      return plain / (float) factor;
    }
  }

  /**
   * Long wavelengths by a factor, short ones not, those between in proportion: "llama3".
   *
   * @param factor of the long wavelengths; at least 1
   * @param lowFactor wavelengths above {@code originalPositions / lowFactor} are long
   * @param highFactor wavelengths below {@code originalPositions / highFactor} are short; exceeds
   *     {@code lowFactor}
   * @param originalPositions the context that the model was first trained with
   */
  record Llama3(double factor, double lowFactor, double highFactor, int originalPositions)
      implements RopeScaling {
    public Llama3 {
      requireFactor(factor);
      if (!(lowFactor > 0) || !(highFactor > lowFactor) || Double.isInfinite(highFactor)) {
        throw new IllegalArgumentException(
            "lowFactor must be positive and below highFactor: " + lowFactor + ", " + highFactor);
      }
      Sizes.atLeastOne("originalPositions", originalPositions);
    }

    @Override
    public float apply(float plain) {
      double wavelength = 2 * Math.PI / plain;
      if (wavelength < originalPositions / highFactor) {
        return plain;
      }
      if (wavelength > originalPositions / lowFactor) {
        return (float) (plain / factor);
      }
      double smooth = (originalPositions / wavelength - lowFactor) / (highFactor - lowFactor);
      return (float) ((1 - smooth) * plain / factor + smooth * plain);
    }
  }

  private static void requireFactor(double factor) {
    if (!(factor >= 1) || Double.isInfinite(factor)) {
      throw new IllegalArgumentException("factor must be finite and at least 1: " + factor);
    }
  }
}
