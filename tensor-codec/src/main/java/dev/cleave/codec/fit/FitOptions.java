package dev.cleave.codec.fit;

import dev.cleave.codec.profile.Profile;

/**
 * What a {@link ProfileFitter} looks for.
 *
 * @param transform whether to gather what a full basis needs; only up to width {@value
 *     Profile#MAX_FULL_WIDTH}
 * @param relativeRows whether an error counts relative to the size of its row, as in front of an
 *     RMSNorm: only then can a gain per row save bits
 * @param leastGain bits per element that a full basis must save on held-out rows to be kept: what
 *     its width^2 multiply-adds per row are worth
 * @param ridge what is added to the Fisher matrix, scaled to a mean diagonal of 1, so that no
 *     direction is free of cost; 0.03 to 0.3 is usual
 * @param signSeed of the profile
 */
public record FitOptions(
    boolean transform, boolean relativeRows, double leastGain, double ridge, long signSeed) {
  /** With transform, absolute errors, 0.1 bit, ridge 0.1. */
  public static final FitOptions DEFAULT =
      new FitOptions(true, false, 0.1, 0.1, Profile.DEFAULT_SIGN_SEED);

  /** Checks the numbers. */
  public FitOptions {
    if (!(leastGain >= 0) || !(leastGain < Double.MAX_VALUE)) {
      throw new IllegalArgumentException("least gain must not be negative, was " + leastGain);
    }
    checkRidge(ridge);
  }

  static void checkRidge(double ridge) {
    if (!(ridge > 0) || !(ridge < Double.MAX_VALUE)) {
      throw new IllegalArgumentException("ridge must be above 0, was " + ridge);
    }
  }

  /** The same with or without looking for a transform. */
  public FitOptions withTransform(boolean wanted) {
    return new FitOptions(wanted, relativeRows, leastGain, ridge, signSeed);
  }

  /** The same where errors do or do not count relative to their row. */
  public FitOptions withRelativeRows(boolean relative) {
    return new FitOptions(transform, relative, leastGain, ridge, signSeed);
  }
}
