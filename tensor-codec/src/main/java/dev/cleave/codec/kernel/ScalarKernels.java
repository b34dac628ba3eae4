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
}
