package dev.cleave.codec.fit;

import dev.cleave.codec.fit.FitReport.Candidate;
import dev.cleave.codec.profile.Profile;

/** What profiles cost on held-out rows at the distortion of the diagonal one. One thread. */
final class Judge {
  /** In deviations: about 2 bits, where streams are. */
  private static final double REFERENCE_STEP = 1;

  private final Profile diagonal;
  private final float[] rows;
  private final int count;
  private final float[] errors;
  private final double bits;

  /**
   * A judge by these rows.
   *
   * @param rows f32 [count, width], at least one; borrowed as long as this is used
   */
  Judge(Profile diagonal, float[] rows, int count) {
    this.diagonal = diagonal;
    this.rows = rows;
    this.count = count;
    CodeLength plain = new CodeLength(diagonal, coordinates(diagonal));
    this.errors = plain.errors(REFERENCE_STEP);
    this.bits = plain.bits();
  }

  /** The diagonal profile, which gains nothing over itself. */
  Candidate diagonal() {
    return new Candidate(diagonal, bits, bits);
  }

  /** A profile with a full basis, at equal distortion in its own coordinates. */
  Candidate judge(Profile profile) {
    CodeLength length = new CodeLength(profile, coordinates(profile));
    length.measureAt(distortionIn(profile));
    return new Candidate(profile, length.bits(), bits);
  }

  private float[] coordinates(Profile profile) {
    return Coordinates.of(rows, count, profile);
  }

  /** Mean square, in a full basis, of the errors in the diagonal one. */
  private double distortionIn(Profile profile) {
    int width = profile.width();
    float[] centered = errors.clone();
    for (int i = 0; i < centered.length; i++) {
      centered[i] *= diagonal.channels().deviation(i % width);
    }
    double sum = 0;
    for (float error : Coordinates.transform(centered, count, profile.basis())) {
      sum += (double) error * error;
    }
    return sum / centered.length;
  }
}
