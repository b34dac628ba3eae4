package dev.cleave.codec.kernel;

/**
 * The kernels in plain Java: they define what is right. Every sum has one order, no multiplication
 * is fused with an addition, and nothing of {@link Math} is used whose last bit is left open.
 */
final class ScalarKernels implements KernelSupport {
  /** Adding this to a float of less than 2^22 leaves its half-even integer in the low bits. */
  static final float ROUNDER = 0x1.8p23f;

  static final int ROUNDER_BITS = 0x4B400000;

  /** Partial sums of {@link #sumOfSquares}: one for each lane of the widest vectors in use. */
  static final int SUMS = 16;

  /** A block that {@link #rotate} mixes wholly by itself: {@value #ROW} rows of as many columns. */
  static final int BLOCK = 256;

  static final int ROW = 16;

  @Override
  public void center(float[] rows, int at, Affine map, float gain, float[] out) {
    float[] offset = map.offset;
    float[] factor = map.factor;
    for (int c = 0; c < factor.length; c++) {
      out[c] = (rows[at + c] - offset[c]) * gain * factor[c];
    }
  }

  @Override
  public void restore(float[] row, Affine map, float gain, float[] out, int at) {
    float[] offset = map.offset;
    float[] factor = map.factor;
    for (int c = 0; c < factor.length; c++) {
      out[at + c] = row[c] * gain * factor[c] + offset[c];
    }
  }

  @Override
  public float maxMagnitude(float[] values, int at, int n) {
    int max = 0;
    for (int i = at; i < at + n; i++) {
      // Without the sign, the bits of floats are in order; those of NaN come last.
      max = Math.max(max, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
    }
    return Float.intBitsToFloat(max);
  }

  @Override
  public double sumOfSquares(float[] values, int at, int n) {
    return partialSum(values, at, at + n, 1);
  }

  /**
   * The sum of every {@code stride}th square from {@code at} on, which is that of its two halves.
   */
  private static double partialSum(float[] values, int at, int end, int stride) {
    if (stride < SUMS) {
      return partialSum(values, at, end, 2 * stride)
          + partialSum(values, at + stride, end, 2 * stride);
    }
    double sum = 0;
    for (int i = at; i < end; i += SUMS) {
      double value = values[i];
      sum += value * value;
    }
    return sum;
  }

  @Override
  public int quantise(float[] values, int at, int n, Cut cut, byte[] symbols) {
    float perStep = cut.perStep();
    float shift = cut.shift();
    int beyond = cut.beyond();
    int highest = 0;
    for (int i = at; i < at + n; i++) {
      int symbol = Math.min(((int) (values[i] * perStep + shift) - 1) & Integer.MAX_VALUE, beyond);
      highest = Math.max(highest, symbol);
      symbols[i] = (byte) symbol;
    }
    return highest;
  }

  @Override
  public void quantise(float[] values, int n, float inverseStep, int limit, byte[] q) {
    for (int i = 0; i < n; i++) {
      q[i] = (byte) round(values[i] * inverseStep, limit);
    }
  }

  /** Half even; the clamp comes before the subtraction, which would overflow for some values. */
  static int round(float value, int limit) {
    int bits = Float.floatToRawIntBits(value + ROUNDER);
    return Math.min(Math.max(bits, ROUNDER_BITS - limit), ROUNDER_BITS + limit) - ROUNDER_BITS;
  }

  @Override
  public void rotate(float[] values, int at, int n) {
    if (n < BLOCK) {
      butterflies(values, at, n, n / 2, 1);
      return;
    }
    butterflies(values, at, n, n / 2, BLOCK);
    butterflies(values, at, n, BLOCK / 2, ROW);
    shear(values, at, n);
    butterflies(values, at, n, BLOCK / 2, ROW);
  }

  /** One stage of sums and differences for each stride from the first down to the last. */
  private static void butterflies(float[] values, int at, int n, int first, int last) {
    for (int stride = first; stride >= last; stride /= 2) {
      for (int i = at; i < at + n; i += 2 * stride) {
        for (int j = i; j < i + stride; j++) {
          float a = values[j];
          float b = values[j + stride];
          values[j] = a + b;
          values[j + stride] = a - b;
        }
      }
    }
  }

  /** In row k of each block, column c changes places with column c xor k. */
  static void shear(float[] values, int at, int n) {
    for (int row = 0; row < n / ROW; row++) {
      int k = row % ROW;
      for (int c = 0; c < ROW; c++) {
        if (c < (c ^ k)) {
          int one = at + row * ROW + c;
          int other = at + row * ROW + (c ^ k);
          float held = values[one];
          values[one] = values[other];
          values[other] = held;
        }
      }
    }
  }

  @Override
  public void multiply(float[] rows, int count, float[] matrix, int width, float[] out) {
    for (int r = 0; r < count; r++) {
      multiplyRow(rows, r, matrix, width, out, 0);
    }
  }

  /** Coordinates from {@code first} on of one row. */
  static void multiplyRow(
      float[] rows, int row, float[] matrix, int width, float[] out, int first) {
    int at = row * width;
    for (int i = first; i < width; i++) {
      out[at + i] = 0;
    }
    for (int c = 0; c < width; c++) {
      float factor = rows[at + c];
      for (int i = first; i < width; i++) {
        out[at + i] += factor * matrix[c * width + i];
      }
    }
  }

  @Override
  public void extendPaths(float[] metrics, int n, float[] costs, byte[] decisions, int at) {
    float j0 = costs[0];
    float j1 = costs[1];
    float j2 = costs[2];
    float j3 = costs[3];
    float j4 = costs[4];
    float j5 = costs[5];
    float j6 = costs[6];
    float j7 = costs[7];
    for (int i = 0; i < n; i++) {
      float e0 = metrics[4 * i];
      float e1 = metrics[4 * i + 1];
      float o0 = metrics[4 * i + 2];
      float o1 = metrics[4 * i + 3];
      float a0 = j0 + e0;
      float b0 = j4 + e1;
      float a1 = j2 + e0;
      float b1 = j6 + e1;
      float a2 = j0 + e1;
      float b2 = j4 + e0;
      float a3 = j2 + e1;
      float b3 = j6 + e0;
      float a4 = j3 + o1;
      float b4 = j5 + o0;
      float a5 = j1 + o0;
      float b5 = j7 + o1;
      float a6 = j3 + o0;
      float b6 = j5 + o1;
      float a7 = j1 + o1;
      float b7 = j7 + o0;
      int decision =
          second(a0, b0)
              | second(a1, b1) << 1
              | second(a2, b2) << 2
              | second(a3, b3) << 3
              | second(a4, b4) << 4
              | second(a5, b5) << 5
              | second(a6, b6) << 6
              | second(a7, b7) << 7;
      decisions[at + i] = (byte) decision;
      j0 = Math.min(a0, b0);
      j1 = Math.min(a1, b1);
      j2 = Math.min(a2, b2);
      j3 = Math.min(a3, b3);
      j4 = Math.min(a4, b4);
      j5 = Math.min(a5, b5);
      j6 = Math.min(a6, b6);
      j7 = Math.min(a7, b7);
    }
    costs[0] = j0;
    costs[1] = j1;
    costs[2] = j2;
    costs[3] = j3;
    costs[4] = j4;
    costs[5] = j5;
    costs[6] = j6;
    costs[7] = j7;
    lower(costs);
  }

  /** Differences count: what all paths have in common would cost them their precision. */
  static void lower(float[] costs) {
    float least = costs[0];
    for (int s = 1; s < 8; s++) {
      least = Math.min(least, costs[s]);
    }
    for (int s = 0; s < 8; s++) {
      costs[s] -= least;
    }
  }

  /** 1 when the second is less, else 0, without a branch. */
  private static int second(float a, float b) {
    return Float.floatToRawIntBits(b - a) >>> 31;
  }
}
