package dev.cleave.split.block;

import java.util.Objects;

/**
 * A normalisation over the last axis.
 *
 * <p>{@link Kind#RMS} computes {@code x * rsqrt(mean(x^2) + eps) * weight}; {@link Kind#LAYER}
 * computes {@code (x - mean) * rsqrt(var + eps) * weight + bias} with the biased variance.
 *
 * @param kind which of the two
 * @param epsilon added to the mean square or to the variance
 */
public record NormSpec(Kind kind, double epsilon) {
  /** What is subtracted and divided by, and whether a bias tensor exists. */
  public enum Kind {
    /** Root mean square, weight only. */
    RMS,
    /** Mean and variance, weight and bias. */
    LAYER
  }

  /** Where the norms of a block stand. */
  public enum Placement {
    /** {@code x + f(norm(x))}. */
    PRE,
    /** {@code norm(x + f(x))}. */
    POST
  }

  public NormSpec {
    Objects.requireNonNull(kind, "kind");
    if (!(epsilon > 0 && epsilon < 1)) {
      throw new IllegalArgumentException("epsilon must be in (0, 1): " + epsilon);
    }
  }

  /** Whether the norm has a bias tensor. */
  public boolean hasBias() {
    return kind == Kind.LAYER;
  }
}
