package dev.cleave.codec.statistics;

import java.nio.FloatBuffer;
import java.util.SplittableRandom;

/**
 * A sample of rows of bounded size in which each row seen is as likely (Vitter's algorithm R, of a
 * fixed seed). Until it is full it holds all of them, in order. One thread.
 */
public final class Reservoir {
  private static final long SEED = 20250214;

  private static final int LEAST_ROWS = 64;
  private static final int MOST_ROWS = 4096;

  private final int width;
  private final int capacity;
  private final SplittableRandom random = new SplittableRandom(SEED);
  private float[] rows = new float[0];
  private int size;
  private long seen;

  /**
   * Empty.
   *
   * @param mostElements that all rows together may hold, but for at least 64 rows
   */
  public Reservoir(int width, int mostElements) {
    this.width = width;
    this.capacity = Math.clamp(mostElements / width, LEAST_ROWS, MOST_ROWS);
  }

  /** Rows that fit. */
  public int capacity() {
    return capacity;
  }

  /** Rows held. */
  public int size() {
    return size;
  }

  /** Rows offered so far. */
  public long seen() {
    return seen;
  }

  /** Rows held, f32 [size, width], and perhaps more room behind them; not copied. */
  public float[] rows() {
    return rows;
  }

  /** Offers the row that starts at an absolute index. */
  public void add(FloatBuffer source, int at) {
    seen++;
    if (size < capacity) {
      if ((size + 1) * (long) width > rows.length) {
        int room = Math.min(capacity, Math.max(LEAST_ROWS, 2 * size));
        rows = java.util.Arrays.copyOf(rows, Math.multiplyExact(room, width));
      }
      source.get(at, rows, size * width, width);
      size++;
      return;
    }
    long place = random.nextLong(seen);
    if (place < capacity) {
      source.get(at, rows, (int) place * width, width);
    }
  }
}
