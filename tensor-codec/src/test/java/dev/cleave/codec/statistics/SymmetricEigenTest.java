package dev.cleave.codec.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SymmetricEigenTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 16, 63, 128, 207})
  void decomposesRandomMatrices(int n) {
    assertDecomposes(random(n, n), 1);
  }

  @ParameterizedTest
  @CsvSource({"20,1e-150", "20,1e150", "33,1e-30"})
  void decomposesAtAnyScale(int n, double scale) {
    assertDecomposes(scaled(random(5, n), scale), scale);
  }

  @ParameterizedTest
  @CsvSource({"10,0", "40,1", "64,5"})
  void decomposesLowRank(int n, int rank) {
    double[][] matrix = new double[n][n];
    Random random = new Random(n);
    double[] expected = new double[n];
    for (int r = 0; r < rank; r++) {
      for (int from = r * 8, i = from; i < from + 8; i++) {
        for (int k = from; k < from + 8; k++) {
          matrix[i][k] = r + 1;
        }
      }
      expected[rank - 1 - r] = 8 * (r + 1);
    }
    shuffle(matrix, random);
    double[] values = assertDecomposes(matrix, 1);
    for (int i = 0; i < n; i++) {
      assertThat(values[i]).isCloseTo(expected[i], within(1e-12 * n));
    }
  }

  /** The second difference: 2 - 2 cos(k pi / (n + 1)). */
  @Test
  void findsKnownEigenvalues() {
    int n = 50;
    double[][] matrix = new double[n][n];
    for (int i = 0; i < n; i++) {
      matrix[i][i] = 2;
      if (i > 0) {
        matrix[i][i - 1] = -1;
        matrix[i - 1][i] = -1;
      }
    }
    double[] values = assertDecomposes(matrix, 1);
    for (int i = 0; i < n; i++) {
      assertThat(values[i]).isCloseTo(2 - 2 * Math.cos((n - i) * Math.PI / (n + 1)), within(1e-13));
    }
  }

  @Test
  void keepsDegenerateEigenvaluesApartFromOneAnother() {
    int n = 30;
    double[][] identity = new double[n][n];
    for (int i = 0; i < n; i++) {
      identity[i][i] = i < 20 ? 3 : -1;
    }
    // H D H with a reflector: two eigenvalues, 20 and 10 times.
    double[] v = new double[n];
    Arrays.fill(v, 1 / Math.sqrt(n));
    double[][] h = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        h[i][k] = (i == k ? 1 : 0) - 2 * v[i] * v[k];
      }
    }
    double[] values = assertDecomposes(Square.multiply(Square.multiply(h, identity), h), 1);
    for (int i = 0; i < n; i++) {
      assertThat(values[i]).isCloseTo(i < 20 ? 3 : -1, within(1e-13));
    }
  }

  @Test
  void givesTheSameBitsAgain() {
    SymmetricEigen a = SymmetricEigen.of(random(3, 90));
    SymmetricEigen b = SymmetricEigen.of(random(3, 90));
    assertThat(a.values()).isEqualTo(b.values());
    assertThat(a.vectors()).isDeepEqualTo(b.vectors());
  }

  @Test
  void refusesNotANumber() {
    double[][] matrix = random(1, 5);
    matrix[3][1] = Double.NaN;
    assertThatThrownBy(() -> SymmetricEigen.of(matrix)).isInstanceOf(ArithmeticException.class);
  }

  private static double[] assertDecomposes(double[][] matrix, double scale) {
    int n = matrix.length;
    double[][] copy = new double[n][];
    for (int i = 0; i < n; i++) {
      copy[i] = matrix[i].clone();
    }
    SymmetricEigen eigen = SymmetricEigen.of(copy);
    double[][] v = eigen.vectors();
    double tolerance = 1e-12 * n;
    for (int i = 0; i < n; i++) {
      if (i > 0) {
        assertThat(eigen.values()[i]).isLessThanOrEqualTo(eigen.values()[i - 1]);
      }
      for (int k = 0; k < n; k++) {
        double product = 0;
        double image = 0;
        for (int c = 0; c < n; c++) {
          product += v[i][c] * v[k][c];
          image += matrix[k][c] / scale * v[i][c];
        }
        assertThat(product).as("v%d v%d", i, k).isCloseTo(i == k ? 1 : 0, within(tolerance));
        assertThat(image)
            .as("A v%d [%d]", i, k)
            .isCloseTo(eigen.values()[i] / scale * v[i][k], within(tolerance));
      }
    }
    return eigen.values();
  }

  private static double[][] random(long seed, int n) {
    Random random = new Random(seed);
    double[][] matrix = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k <= i; k++) {
        matrix[i][k] = random.nextGaussian();
        matrix[k][i] = matrix[i][k];
      }
    }
    return matrix;
  }

  private static double[][] scaled(double[][] matrix, double factor) {
    for (double[] row : matrix) {
      for (int k = 0; k < row.length; k++) {
        row[k] *= factor;
      }
    }
    return matrix;
  }

  /** Exchanges rows and columns alike. */
  private static void shuffle(double[][] matrix, Random random) {
    for (int i = matrix.length - 1; i > 0; i--) {
      int k = random.nextInt(i + 1);
      double[] row = matrix[i];
      matrix[i] = matrix[k];
      matrix[k] = row;
      for (double[] each : matrix) {
        double value = each[i];
        each[i] = each[k];
        each[k] = value;
      }
    }
  }
}
