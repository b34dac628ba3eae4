package dev.cleave.codec.payload;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.profile.Profile;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the fixed-size modes share: rows to coordinates and back, and the rules of a row's scale.
 * Made cheaply, filled at the first row. Confined to one thread.
 */
final class RowCoder {
  private final String mode;
  private final int width;
  private final @Nullable Profile profile;
  private final float mostCode;
  private float[] y = new float[0];
  private @Nullable Rotation rotation;
  private float largestScale;

  /**
   * @param mostCode the largest magnitude that a code stands for
   */
  RowCoder(String mode, int width, @Nullable Profile profile, float mostCode) {
    this.mode = mode;
    this.width = width;
    this.profile = profile;
    this.mostCode = mostCode;
  }

  private Rotation rotation() {
    Rotation made = rotation;
    if (made == null) {
      made = new Rotation(width, profile);
      rotation = made;
      y = new float[width];
      largestScale = made.largestScale(mostCode);
    }
    return made;
  }

  /** One row's u with its first signs, f32 [width], in scratch memory that the next call uses. */
  float[] normalised(FloatBuffer values, int at, int position) {
    Rotation to = rotation();
    values.get(at + position * width, y, 0, width);
    to.normalise(y);
    return y;
  }

  /** Turns what {@link #normalised} gave into coordinates, in place. */
  void rotate() {
    rotation().rotate(y);
  }

  /** The largest magnitude in scratch memory, which is finite; of the row that lies there. */
  float largest(FloatBuffer values, int at, int position) {
    float largest = Kernels.maxMagnitude(y, 0, width);
    if (largest <= Float.MAX_VALUE) {
      return largest;
    }
    for (int c = 0; c < width; c++) {
      if (!Float.isFinite(values.get(at + position * width + c))) {
        throw new IllegalArgumentException(
            "%s cannot code position %d: channel %d is not finite".formatted(mode, position, c));
      }
    }
    throw tooLarge(position);
  }

  /** The scale to be written for a step between coordinates; 0 for rows too small to be coded. */
  float scale(float step, int position) {
    float scale = step / rotation().rotated();
    if (scale > largestScale) {
      throw tooLarge(position);
    }
    return scale < Float.MIN_NORMAL ? 0 : scale;
  }

  private IllegalArgumentException tooLarge(int position) {
    return new IllegalArgumentException(
        "%s cannot code position %d: its values are near the end of f32's range, use RAW_F32"
            .formatted(mode, position));
  }

  /** What coordinates are multiplied with; 0 for a scale of 0. */
  float inverseStep(float scale) {
    return scale == 0 ? 0 : 1 / (scale * rotation().rotated());
  }

  /** A scale that came from outside. */
  float checkedScale(float scale, int offset) {
    rotation();
    boolean zero = Float.floatToRawIntBits(scale) == 0;
    if (!zero && !(scale >= Float.MIN_NORMAL && scale <= largestScale)) {
      throw new CorruptPayload(
          offset, "scale is " + scale + ", must be 0 or normal and at most " + largestScale);
    }
    return scale;
  }

  /** Where codes go before {@link #values}. */
  float[] scratch() {
    rotation();
    return y;
  }

  /** Turns the codes in {@link #scratch} into values. */
  void values(float scale, FloatBuffer out, int at) {
    Rotation from = rotation();
    from.rotateBack(y);
    from.restore(y, scale);
    out.put(at, y, 0, width);
  }
}
