package dev.cleave.codec.statistics;

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix: Householder reduction to tridiagonal
 * form, then QL steps with implicit shifts (Golub and Van Loan, Matrix Computations, 8.3), in a
 * fixed order, so that the same matrix gives the same bits. About 9 n^3 operations; vectors are
 * kept as rows so that every inner loop runs along memory.
 */
public final class SymmetricEigen {
  private static final int MOST_STEPS = 60;

  private final int n;
  private final double[] values;
  private final double[][] vectors;

  private SymmetricEigen(double[][] a) {
    this.n = a.length;
    this.values = new double[n];
    this.vectors = new double[n][n];
    double[] off = new double[n];
    double[] halfNorms = new double[n];
    reduce(a, off, halfNorms);
    gather(a, halfNorms);
    iterate(off);
    sort();
  }

  /**
   * Decomposes a matrix, of which only the lower triangle is read, and which is overwritten.
   *
   * @param matrix finite, as many rows as columns
   * @throws ArithmeticException when it does not converge, as with values that are not finite
   */
  public static SymmetricEigen of(double[][] matrix) {
    return new SymmetricEigen(matrix);
  }

  /** The eigenvalues, descending; not copied. */
  public double[] values() {
    return values;
  }

  /** The eigenvectors: row i belongs to value i, orthonormal; not copied. */
  public double[][] vectors() {
    return vectors;
  }

  /** Leaves the diagonal in values, what is beside it in off, and reflector i in row i of a. */
  private void reduce(double[][] a, double[] off, double[] halfNorms) {
    double[] p = new double[n];
    for (int i = n - 1; i > 0; i--) {
      double[] v = a[i];
      values[i] = v[i];
      double largest = 0;
      for (int k = 0; k < i - 1; k++) {
        largest = Math.max(largest, Math.abs(v[k]));
      }
      if (largest == 0) {
        off[i] = v[i - 1];
        continue;
      }
      off[i] = reflector(v, i, Math.max(largest, Math.abs(v[i - 1])), halfNorms);
      double h = halfNorms[i];
      times(a, v, i, p);
      double vp = 0;
      for (int k = 0; k < i; k++) {
        p[k] /= h;
        vp += p[k] * v[k];
      }
      axpy(-vp / (2 * h), v, p, i);
      for (int j = 0; j < i; j++) {
        axpy2(v[j], p, p[j], v, a[j], j + 1);
      }
    }
    values[0] = a[0][0];
  }

  /** Makes row v the reflector of its first i entries; gives the entry that remains of them. */
  private static double reflector(double[] v, int i, double scale, double[] halfNorms) {
    // Scaled, so that neither very large nor very small entries are lost in the squares.
    double h = 0;
    for (int k = 0; k < i; k++) {
      v[k] /= scale;
      h += v[k] * v[k];
    }
    double g = v[i - 1] > 0 ? -Math.sqrt(h) : Math.sqrt(h);
    halfNorms[i] = h - v[i - 1] * g;
    v[i - 1] -= g;
    return scale * g;
  }

  /** p = a v for the leading i rows, of which the lower triangle is stored. */
  private static void times(double[][] a, double[] v, int i, double[] p) {
    for (int j = 0; j < i; j++) {
      p[j] = 0;
    }
    for (int j = 0; j < i; j++) {
      axpy(v[j], a[j], p, j);
      p[j] += dot(a[j], v, j + 1);
    }
  }

  /** vectors = the transposed product of all reflectors. */
  private void gather(double[][] a, double[] halfNorms) {
    for (int i = 0; i < n; i++) {
      vectors[i][i] = 1;
      if (halfNorms[i] != 0) {
        for (int r = 0; r < i; r++) {
          axpy(-dot(vectors[r], a[i], i) / halfNorms[i], a[i], vectors[r], i);
        }
      }
    }
  }

  private void iterate(double[] off) {
    System.arraycopy(off, 1, off, 0, n - 1);
    off[n - 1] = 0;
    double largest = 0;
    for (int l = 0; l < n; l++) {
      largest = Math.max(largest, Math.abs(values[l]) + Math.abs(off[l]));
    }
    double negligible = Math.ulp(largest);
    for (int l = 0; l < n; l++) {
      int steps = 0;
      int m = split(off, l, negligible);
      while (m != l) {
        if (steps++ == MOST_STEPS) {
          throw new ArithmeticException("eigenvalues do not converge: is the matrix finite?");
        }
        step(off, l, m);
        m = split(off, l, negligible);
      }
    }
  }

  /** The first index from l on behind which the matrix falls apart. */
  private int split(double[] off, int l, double negligible) {
    int m = l;
    // Written so that NaN goes on, until there were too many steps.
    while (m < n - 1 && !(Math.abs(off[m]) <= negligible)) {
      m++;
    }
    return m;
  }

  /** One implicit QL step on rows l to m. */
  private void step(double[] off, int l, int m) {
    double g = (values[l + 1] - values[l]) / (2 * off[l]);
    double r = norm(g, 1);
    g = values[m] - values[l] + off[l] / (g + (g < 0 ? -r : r));
    double s = 1;
    double c = 1;
    double p = 0;
    for (int i = m - 1; i >= l; i--) {
      double f = s * off[i];
      double b = c * off[i];
      r = norm(f, g);
      off[i + 1] = r;
      if (r == 0) {
        // Underflow: the part below has come apart by itself.
        values[i + 1] -= p;
        off[m] = 0;
        return;
      }
      s = f / r;
      c = g / r;
      g = values[i + 1] - p;
      r = (values[i] - g) * s + 2 * c * b;
      p = s * r;
      values[i + 1] = g + p;
      g = c * r - b;
      rotate(vectors[i], vectors[i + 1], c, s);
    }
    values[l] -= p;
    off[l] = g;
    off[m] = 0;
  }

  private static void rotate(double[] low, double[] high, double c, double s) {
    for (int k = 0; k < low.length; k++) {
      double h = high[k];
      double g = low[k];
      high[k] = s * g + c * h;
      low[k] = c * g - s * h;
    }
  }

  private void sort() {
    for (int i = 0; i < n - 1; i++) {
      int best = i;
      for (int j = i + 1; j < n; j++) {
        if (values[j] > values[best]) {
          best = j;
        }
      }
      double value = values[i];
      values[i] = values[best];
      values[best] = value;
      double[] vector = vectors[i];
      vectors[i] = vectors[best];
      vectors[best] = vector;
    }
  }

  /** The length of (a, b) without overflow; Math.hypot is slower and no more exact than needed. */
  private static double norm(double a, double b) {
    double large = Math.max(Math.abs(a), Math.abs(b));
    if (large == 0) {
      return 0;
    }
    double x = a / large;
    double y = b / large;
    return large * Math.sqrt(x * x + y * y);
  }

  private static void axpy(double factor, double[] x, double[] y, int count) {
    for (int k = 0; k < count; k++) {
      y[k] += factor * x[k];
    }
  }

  /** y -= f x + g z. */
  private static void axpy2(double f, double[] x, double g, double[] z, double[] y, int count) {
    for (int k = 0; k < count; k++) {
      y[k] -= f * x[k] + g * z[k];
    }
  }

  /** Four sums: one alone would wait for each addition. */
  private static double dot(double[] x, double[] y, int count) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int k = 0;
    for (; k + 3 < count; k += 4) {
      a += x[k] * y[k];
      b += x[k + 1] * y[k + 1];
      c += x[k + 2] * y[k + 2];
      d += x[k + 3] * y[k + 3];
    }
    for (; k < count; k++) {
      a += x[k] * y[k];
    }
    return (a + b) + (c + d);
  }
}
