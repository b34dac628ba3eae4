package dev.cleave.codec.statistics;

/**
 * Sums of rows and of the products of their entries, as f64. Rows are taken in blocks of a fixed
 * size, so that the sums do not depend on how they arrived; one thread.
 */
public final class Moments {
  /** Rows that are added at once to each row of the matrix while that is in the cache. */
  private static final int BLOCK = 32;

  private final int width;
  private final boolean products;
  private final double[] sums;
  private final double[][] upper;
  private final double[][] pending = new double[BLOCK][];
  private int waiting;
  private long count;

  /**
   * Empty sums.
   *
   * @param products whether of all pairs of entries, [width, width], or only of the squares
   */
  public Moments(int width, boolean products) {
    this.width = width;
    this.products = products;
    this.sums = new double[width];
    this.upper = new double[products ? width : 1][width];
  }

  /** Where the next row is to be written, [width]; {@link #added} takes it. */
  public double[] next() {
    double[] row = pending[waiting];
    if (row == null) {
      row = new double[width];
      pending[waiting] = row;
    }
    return row;
  }

  /** Takes the row that {@link #next} gave. */
  public void added() {
    count++;
    if (++waiting == BLOCK) {
      flush();
    }
  }

  private void flush() {
    if (waiting == 0) {
      return;
    }
    for (int r = 0; r < waiting; r++) {
      double[] row = pending[r];
      for (int c = 0; c < width; c++) {
        sums[c] += row[c];
      }
    }
    if (products) {
      for (int c = 0; c < width; c++) {
        for (int r = 0; r < waiting; r++) {
          addScaled(pending[r], c, upper[c]);
        }
      }
    } else {
      for (int r = 0; r < waiting; r++) {
        addSquares(pending[r], upper[0]);
      }
    }
    waiting = 0;
  }

  private static void addScaled(double[] row, int from, double[] sum) {
    double factor = row[from];
    for (int k = from; k < row.length; k++) {
      sum[k] += factor * row[k];
    }
  }

  private static void addSquares(double[] row, double[] sum) {
    for (int k = 0; k < row.length; k++) {
      sum[k] += row[k] * row[k];
    }
  }

  /** Rows taken. */
  public long count() {
    return count;
  }

  /** Mean of an entry. */
  public double mean(int c) {
    flush();
    return sums[c] / count;
  }

  /** Mean of the square of an entry. */
  public double square(int c) {
    flush();
    return (products ? upper[c][c] : upper[0][c]) / count;
  }

  /** Whether {@link #product} is known for all pairs. */
  public boolean hasProducts() {
    return products;
  }

  /** Mean of the product of two entries, the first not above the second, once a mean was asked. */
  public double product(int low, int high) {
    return upper[low][high] / count;
  }
}
