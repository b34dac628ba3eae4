package dev.cleave.codec.profile;

/** How the coordinates of a {@link Basis} come out of the channels. */
public enum BasisKind {
  /** Each coordinate is one channel divided by its deviation. */
  DIAGONAL,
  /**
   * The Karhunen-Loeve transform of the channels divided by their deviations: coordinates that are
   * uncorrelated, by an orthogonal matrix. The squared error of the coordinates is that of the
   * normalised channels.
   */
  KLT,
  /**
   * The same after a weighting by the Fisher information of what the server computes: an error
   * counts by its effect. The squared error of the coordinates is a weighted one.
   */
  FISHER
}
