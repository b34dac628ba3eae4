package dev.cleave.codec.kernel;

/**
 * An offset and a factor for each channel of a row, ready for {@link Kernels#center} and {@link
 * Kernels#restore}. Immutable and thread-safe.
 */
public final class Affine {
  final float[] offset;
  final float[] factor;

  private Affine(float[] offset, float[] factor) {
    this.offset = offset;
    this.factor = factor;
  }

  /**
   * These offsets and factors.
   *
   * @param offset f32 [width]; copied
   * @param factor f32 [width]; copied
   */
  public static Affine of(float[] offset, float[] factor) {
    if (offset.length != factor.length) {
      throw new IllegalArgumentException(
          "there must be as many offsets as factors, were %d and %d"
              .formatted(offset.length, factor.length));
    }
    return new Affine(offset.clone(), factor.clone());
  }

  /** These factors and no offset, f32 [width]; copied. */
  public static Affine ofFactors(float[] factor) {
    return new Affine(new float[factor.length], factor.clone());
  }

  /** Channels. */
  public int width() {
    return factor.length;
  }
}
