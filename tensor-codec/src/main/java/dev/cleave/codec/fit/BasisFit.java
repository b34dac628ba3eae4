package dev.cleave.codec.fit;

import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Channels;
import dev.cleave.codec.statistics.Moments;
import dev.cleave.codec.statistics.RobustScales;
import dev.cleave.codec.statistics.Square;
import dev.cleave.codec.statistics.SymmetricEigen;
import java.util.Arrays;

/** The coordinates that follow from second moments. All arithmetic is in f64. */
final class BasisFit {
  /** Least deviation of a coordinate: far below any step, and so of no cost. */
  private static final float LEAST_SIGMA = 1e-4f;

  private final Channels channels;
  private final Moments moments;
  private final RobustScales scales;

  /**
   * Of these moments.
   *
   * @param moments of entries that were centred and scaled by {@code scales}
   */
  BasisFit(Channels channels, Moments moments, RobustScales scales) {
    this.channels = channels;
    this.moments = moments;
    this.scales = scales;
  }

  /** Every channel divided by its deviation. */
  Basis diagonal() {
    int width = channels.width();
    float[] forward = new float[width];
    float[] sigma = new float[width];
    for (int c = 0; c < width; c++) {
      double mean = moments.mean(c);
      double factor = scales.scale(c) / channels.deviation(c);
      double variance = (moments.square(c) - mean * mean) * factor * factor;
      forward[c] = 1 / channels.deviation(c);
      sigma[c] = Math.max(LEAST_SIGMA, (float) Math.sqrt(Math.max(0, variance)));
    }
    return new Basis(BasisKind.DIAGONAL, forward, channels.deviations(), sigma, new byte[width]);
  }

  /** The eigenvectors of the channels' correlations. */
  Basis klt() {
    SymmetricEigen eigen = SymmetricEigen.of(correlations());
    return basis(BasisKind.KLT, eigen.vectors(), eigen.vectors(), eigen.values());
  }

  /**
   * The eigenvectors of the correlations as weighted by the Fisher matrix F: with z the normalised
   * channels, {@code M = F n / trace(F) + ridge I} in their units and {@code M = A^T A}, the
   * eigenvectors U of {@code A C A^T} give the coordinates {@code U^T A z}.
   *
   * @param gradients by the channels, [n, n]
   */
  Basis fisher(Moments gradients, double ridge) {
    int n = channels.width();
    SymmetricEigen fisher = SymmetricEigen.of(fisherOf(gradients));
    double[] roots = new double[n];
    double[] inverseRoots = new double[n];
    for (int i = 0; i < n; i++) {
      roots[i] = Math.sqrt(Math.max(0, fisher.values()[i]) + ridge);
      inverseRoots[i] = 1 / roots[i];
    }
    double[][] a = fisher.vectors();
    Square.scaleRows(a, roots);
    double[][] weighted = Square.multiply(Square.multiply(a, correlations()), Square.transpose(a));
    SymmetricEigen eigen = SymmetricEigen.of(weighted);
    double[][] forward = Square.multiply(eigen.vectors(), a);
    Square.scaleRows(a, inverseRoots);
    Square.scaleRows(a, inverseRoots);
    double[][] inverse = Square.multiply(eigen.vectors(), a);
    // So that a step means about the same as with the other bases.
    double total = 0;
    for (double value : eigen.values()) {
      total += value;
    }
    double scale = 1 / Math.sqrt(total / n);
    double[] factors = new double[n];
    Arrays.fill(factors, scale);
    Square.scaleRows(forward, factors);
    Arrays.fill(factors, 1 / scale);
    Square.scaleRows(inverse, factors);
    double[] variances = eigen.values();
    for (int i = 0; i < n; i++) {
      variances[i] *= scale * scale;
    }
    return basis(BasisKind.FISHER, forward, inverse, variances);
  }

  private Basis basis(
      BasisKind kind, double[][] toCoordinate, double[][] fromCoordinate, double[] variances) {
    int n = channels.width();
    float[] forward = new float[n * n];
    float[] inverse = new float[n * n];
    float[] sigma = new float[n];
    for (int i = 0; i < n; i++) {
      for (int c = 0; c < n; c++) {
        forward[c * n + i] = (float) (toCoordinate[i][c] / channels.deviation(c));
        inverse[i * n + c] = (float) (fromCoordinate[i][c] * channels.deviation(c));
      }
      sigma[i] = Math.max(LEAST_SIGMA, (float) Math.sqrt(Math.max(0, variances[i])));
    }
    return new Basis(kind, forward, inverse, sigma, new byte[n]);
  }

  /** Covariances of the channels, each divided by its deviation. */
  private double[][] correlations() {
    int n = channels.width();
    double[] means = new double[n];
    double[] factors = new double[n];
    for (int c = 0; c < n; c++) {
      means[c] = moments.mean(c);
      factors[c] = scales.scale(c) / channels.deviation(c);
    }
    double[][] matrix = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int k = i; k < n; k++) {
        double value = (moments.product(i, k) - means[i] * means[k]) * factors[i] * factors[k];
        matrix[i][k] = value;
        matrix[k][i] = value;
      }
    }
    return matrix;
  }

  private double[][] fisherOf(Moments gradients) {
    int n = channels.width();
    double trace = 0;
    for (int c = 0; c < n; c++) {
      double deviation = channels.deviation(c);
      trace += gradients.square(c) * deviation * deviation;
    }
    if (!(trace > 0)) {
      throw new IllegalStateException("all gradients are 0: there is nothing to weight by");
    }
    double scale = n / trace;
    double[][] matrix = new double[n][n];
    for (int i = 0; i < n; i++) {
      double factor = scale * channels.deviation(i);
      for (int k = i; k < n; k++) {
        matrix[k][i] = gradients.product(i, k) * factor * channels.deviation(k);
      }
    }
    return matrix;
  }
}
