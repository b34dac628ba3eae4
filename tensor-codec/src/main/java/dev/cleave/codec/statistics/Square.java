package dev.cleave.codec.statistics;

/** Products of square matrices as rows of f64, in a fixed order. */
public final class Square {
  /** Rows that share what is read of the right matrix. */
  private static final int BLOCK = 8;

  private Square() {}

  /** The product, left times right, as a new matrix. */
  public static double[][] multiply(double[][] left, double[][] right) {
    int n = left.length;
    double[][] product = new double[n][n];
    for (int from = 0; from < n; from += BLOCK) {
      int to = Math.min(n, from + BLOCK);
      for (int k = 0; k < n; k++) {
        for (int i = from; i < to; i++) {
          axpy(left[i][k], right[k], product[i]);
        }
      }
    }
    return product;
  }

  private static void axpy(double factor, double[] x, double[] y) {
    for (int k = 0; k < x.length; k++) {
      y[k] += factor * x[k];
    }
  }

  /** A new matrix whose rows are the columns. */
  public static double[][] transpose(double[][] matrix) {
    int n = matrix.length;
    double[][] transposed = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        transposed[k][i] = matrix[i][k];
      }
    }
    return transposed;
  }

  /** Multiplies row i by factors[i], in place. */
  public static void scaleRows(double[][] matrix, double[] factors) {
    for (int i = 0; i < matrix.length; i++) {
      for (int k = 0; k < matrix.length; k++) {
        matrix[i][k] *= factors[i];
      }
    }
  }
}
