package dev.cleave.codec.profile;

import dev.cleave.codec.kernel.Kernels;
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
  private final BasisKind kind;
  private final float[] forward;
  private final float[] inverse;
  private final float[] sigma;
  private final byte[] shapeOf;

  /** A diagonal basis or a {@link BasisKind#KLT}, by the number of factors. */
  public Basis(float[] forward, float[] inverse, float[] sigma, byte[] shapeOf) {
    this(
        forward.length == sigma.length ? BasisKind.DIAGONAL : BasisKind.KLT,
        forward,
        inverse,
        sigma,
        shapeOf);
  }

  /**
   * A basis of the kind; with width 1 it is always diagonal.
   *
   * @param forward finite, f32 [width] or [width, width]; copied
   * @param inverse its inverse, of the same form; copied
   * @param sigma standard deviation of each coordinate, at least {@link Float#MIN_NORMAL}; copied
   * @param shapeOf index of each coordinate's shape in {@link Profile#shapes}; copied
   */
  public Basis(BasisKind kind, float[] forward, float[] inverse, float[] sigma, byte[] shapeOf) {
    int width = sigma.length;
    long factors = kind == BasisKind.DIAGONAL ? width : (long) width * width;
    if (width < (kind == BasisKind.DIAGONAL ? 1 : 2)
        || forward.length != factors
        || inverse.length != factors
        || shapeOf.length != width) {
      throw new IllegalArgumentException(
          "a %s basis of width %d cannot have %d and %d factors and %d shapes"
              .formatted(kind, width, forward.length, inverse.length, shapeOf.length));
    }
    check(forward, -Float.MAX_VALUE, "forward factor");
    check(inverse, -Float.MAX_VALUE, "inverse factor");
    check(sigma, Float.MIN_NORMAL, "sigma");
    checkShapes(shapeOf);
    this.kind = kind;
    this.forward = forward.clone();
    this.inverse = inverse.clone();
    this.sigma = sigma.clone();
    this.shapeOf = shapeOf.clone();
  }

  private Basis(Basis same, byte[] shapeOf) {
    this.kind = same.kind;
    this.forward = same.forward;
    this.inverse = same.inverse;
    this.sigma = same.sigma;
    this.shapeOf = shapeOf;
  }

  private static void check(float[] values, float least, String what) {
    for (int i = 0; i < values.length; i++) {
      // Written so that NaN is refused.
      if (!(values[i] >= least && values[i] <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "%s %d must be finite and at least %s, was %s".formatted(what, i, least, values[i]));
      }
    }
  }

  private static void checkShapes(byte[] shapeOf) {
    for (byte shape : shapeOf) {
      if (shape < 0 || shape >= Profile.MAX_SHAPES) {
        throw new IllegalArgumentException("index of a shape is " + shape);
      }
    }
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

  /** The same coordinates with other shapes; copied. */
  public Basis withShapes(byte[] shapes) {
    if (shapes.length != width()) {
      throw new IllegalArgumentException(
          "%d shapes for %d coordinates".formatted(shapes.length, width()));
    }
    checkShapes(shapes);
    return new Basis(this, shapes.clone());
  }

  /** Coordinates, as many as channels. */
  public int width() {
    return sigma.length;
  }

  /** How the coordinates were chosen. */
  public BasisKind kind() {
    return kind;
  }

  /** Whether each coordinate is one channel times a factor; with width 1 it always is. */
  public boolean isDiagonal() {
    return kind == BasisKind.DIAGONAL;
  }

  /** A copy of the factors, f32 [width], or of the matrix, f32 [channel, coordinate]. */
  public float[] forward() {
    return forward.clone();
  }

  /** A copy of the factors, f32 [width], or of the matrix, f32 [coordinate, channel]. */
  public float[] inverse() {
    return inverse.clone();
  }

  /**
   * Rows times the forward matrix of a basis that is not diagonal: {@link Kernels#multiply},
   * without a copy of the matrix for each stream.
   *
   * @param rows f32 [count, channel], without their means
   * @param out takes f32 [count, coordinate]; not {@code rows}
   */
  public void toCoordinates(float[] rows, int count, float[] out) {
    Kernels.multiply(rows, count, forward, width(), out);
  }

  /**
   * The way back, with the inverse matrix.
   *
   * @param rows f32 [count, coordinate]
   * @param out takes f32 [count, channel]; not {@code rows}
   */
  public void toChannels(float[] rows, int count, float[] out) {
    Kernels.multiply(rows, count, inverse, width(), out);
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
