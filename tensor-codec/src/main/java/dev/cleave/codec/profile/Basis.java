package dev.cleave.codec.profile;

import java.util.Arrays;

/**
 * The coordinates in which RATE quantises: {@code y = forward (x - mean)} and back {@code x = mean
 * + inverse y}. Either diagonal, one factor per channel, or full. Immutable.
 *
 * <p>Full matrices are stored so that a row is added to the result at a time, which any lane width
 * does in the same order: {@code forward[c * width + i]} is what channel c gives to coordinate i,
 * {@code inverse[i * width + c]} what coordinate i gives to channel c.
 */
public final class Basis {
  private final boolean diagonal;
  private final float[] forward;
  private final float[] inverse;
  private final float[] sigma;
  private final byte[] shapeOf;

  /**
   * @param forward f32 [width] or [width, width]; copied
   * @param inverse its inverse, of the same form; copied
   * @param sigma standard deviation of each coordinate, above 0; copied
   * @param shapeOf index of each coordinate's shape in {@link Profile#shapes}; copied
   */
  public Basis(float[] forward, float[] inverse, float[] sigma, byte[] shapeOf) {
    int width = sigma.length;
    if (forward.length != inverse.length
        || shapeOf.length != width
        || (forward.length != width && forward.length != (long) width * width)) {
      throw new IllegalArgumentException(
          "a basis of width %d cannot have %d and %d factors and %d shapes"
              .formatted(width, forward.length, inverse.length, shapeOf.length));
    }
    this.diagonal = forward.length == width;
    this.forward = forward.clone();
    this.inverse = inverse.clone();
    this.sigma = sigma.clone();
    this.shapeOf = shapeOf.clone();
  }

  /** Divides each channel by its deviation; the first shape serves all. */
  public static Basis normalising(Channels channels) {
    int width = channels.width();
    float[] forward = new float[width];
    float[] ones = new float[width];
    for (int c = 0; c < width; c++) {
      forward[c] = 1 / channels.deviation(c);
    }
    Arrays.fill(ones, 1);
    return new Basis(forward, channels.deviations(), ones, new byte[width]);
  }

  /** Coordinates, as many as channels. */
  public int width() {
    return sigma.length;
  }

  /** Whether each coordinate is one channel times a factor; with width 1 it always is. */
  public boolean isDiagonal() {
    return diagonal;
  }

  /** A copy of the factors, f32 [width], or of the matrix, f32 [channel, coordinate]. */
  public float[] forward() {
    return forward.clone();
  }

  /** A copy of the factors, f32 [width], or of the matrix, f32 [coordinate, channel]. */
  public float[] inverse() {
    return inverse.clone();
  }

  /** A copy of the coordinates' standard deviations, f32 [width]. */
  public float[] sigma() {
    return sigma.clone();
  }

  /** Index of a coordinate's shape. */
  public int shapeOf(int coordinate) {
    return shapeOf[coordinate];
  }
}
