package dev.cleave.codec.fit;

import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.Shape;

/**
 * What a uniform quantiser with centroids would cost: the code length by the profile's shapes,
 * without the rounding of tables and without headers. One thread.
 */
final class CodeLength {
  private static final double LN2 = StrictMath.log(2);

  /** A symbol rarer than this is sent as an escape and 32 bits. */
  private static final double RAREST = 1.0 / (1 << 24);

  /** Times {@link #RAREST} it is far from where doubles end. */
  private static final double SMALL = 1e-200;

  private static final double ESCAPE_BITS = 44;

  /** Octaves of the steps between which one is searched, and how often their range is halved. */
  private static final double LOWEST = -6;

  private static final double HIGHEST = 6;
  private static final int HALVINGS = 14;

  private final float[] coordinates;
  private final float[] sigma;
  private final Shape[] shapes;
  private double bits;
  private double distortion;

  /**
   * Of these rows.
   *
   * @param coordinates f32 [rows, width] by the profile's basis, at least one; borrowed
   */
  CodeLength(Profile profile, float[] coordinates) {
    Basis basis = profile.basis();
    this.coordinates = coordinates;
    this.sigma = basis.sigma();
    this.shapes = new Shape[basis.width()];
    for (int i = 0; i < shapes.length; i++) {
      shapes[i] = profile.shapes().get(basis.shapeOf(i));
    }
  }

  /** Bits per element of the last measurement. */
  double bits() {
    return bits;
  }

  /** Mean squared error of the coordinates in the last measurement. */
  double distortion() {
    return distortion;
  }

  /** Measures at a step. */
  void measure(double step) {
    quantise(step, new float[0]);
  }

  /** Measures at the step that has this distortion, as nearly as there is one. */
  void measureAt(double wanted) {
    double low = LOWEST;
    double high = HIGHEST;
    for (int i = 0; i < HALVINGS; i++) {
      double middle = (low + high) / 2;
      measure(StrictMath.exp(middle * LN2));
      if (distortion > wanted) {
        high = middle;
      } else {
        low = middle;
      }
    }
  }

  /** Measures at a step and gives the errors of the coordinates, f32 [rows, width]. */
  float[] errors(double step) {
    float[] errors = new float[coordinates.length];
    quantise(step, errors);
    return errors;
  }

  private void quantise(double step, float[] errors) {
    double codeLength = 0;
    double squares = 0;
    // The logarithm of a product of some masses: one each would be most of the time.
    double product = 1;
    int width = sigma.length;
    for (int at = 0; at < coordinates.length; at += width) {
      for (int i = 0; i < width; i++) {
        float coordinate = coordinates[at + i];
        double q = Math.rint(coordinate / step);
        double low = (q - 0.5) * step / sigma[i];
        double high = (q + 0.5) * step / sigma[i];
        double mass = shapes[i].cumulative(high) - shapes[i].cumulative(low);
        double value = q * step;
        if (mass > RAREST) {
          product *= mass;
          value = (shapes[i].moment(high) - shapes[i].moment(low)) / mass * sigma[i];
        } else {
          codeLength += ESCAPE_BITS;
        }
        if (product < SMALL) {
          codeLength -= StrictMath.log(product) / LN2;
          product = 1;
        }
        double error = coordinate - value;
        squares += error * error;
        if (errors.length > 0) {
          errors[at + i] = (float) error;
        }
      }
    }
    bits = (codeLength - StrictMath.log(product) / LN2) / coordinates.length;
    distortion = squares / coordinates.length;
  }
}
