package dev.cleave.codec.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarKernels#multiply} with the Vector API: sums stay in registers while c ascends, and
 * what is loaded of the matrix serves four rows. Stateless.
 */
final class VectorProduct {
  private static final VectorSpecies<Float> FLOATS = VectorKernels.FLOATS;
  private static final int LANES = FLOATS.length();

  private VectorProduct() {}

  static void multiply(float[] rows, int count, float[] matrix, int width, float[] out) {
    int four = count - count % 4;
    int pairs = width - width % (2 * LANES);
    int single = width - width % LANES;
    // By columns first: the part of the matrix that four rows take is in cache for the next four.
    for (int i = 0; i < pairs; i += 2 * LANES) {
      for (int r = 0; r < four; r += 4) {
        fourRows(rows, r * width, matrix, width, out, i);
      }
    }
    for (int r = 0; r < count; r++) {
      int i = r < four ? pairs : 0;
      for (; i <= width - 4 * LANES; i += 4 * LANES) {
        oneRow(rows, r * width, matrix, width, out, i);
      }
      for (; i < single; i += LANES) {
        oneVector(rows, r * width, matrix, width, out, i);
      }
      ScalarKernels.multiplyRow(rows, r, matrix, width, out, single);
    }
  }

  private static void fourRows(
      float[] rows, int at, float[] matrix, int width, float[] out, int i) {
    FloatVector a0 = FloatVector.zero(FLOATS);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    int b = at + width;
    int c = b + width;
    int d = c + width;
    for (int k = 0; k < width; k++) {
      FloatVector m0 = FloatVector.fromArray(FLOATS, matrix, k * width + i);
      FloatVector m1 = FloatVector.fromArray(FLOATS, matrix, k * width + i + LANES);
      a0 = a0.add(m0.mul(rows[at + k]));
      a1 = a1.add(m1.mul(rows[at + k]));
      b0 = b0.add(m0.mul(rows[b + k]));
      b1 = b1.add(m1.mul(rows[b + k]));
      c0 = c0.add(m0.mul(rows[c + k]));
      c1 = c1.add(m1.mul(rows[c + k]));
      d0 = d0.add(m0.mul(rows[d + k]));
      d1 = d1.add(m1.mul(rows[d + k]));
    }
    a0.intoArray(out, at + i);
    a1.intoArray(out, at + i + LANES);
    b0.intoArray(out, b + i);
    b1.intoArray(out, b + i + LANES);
    c0.intoArray(out, c + i);
    c1.intoArray(out, c + i + LANES);
    d0.intoArray(out, d + i);
    d1.intoArray(out, d + i + LANES);
  }

  private static void oneRow(float[] rows, int at, float[] matrix, int width, float[] out, int i) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int k = 0; k < width; k++) {
      int from = k * width + i;
      float factor = rows[at + k];
      s0 = s0.add(FloatVector.fromArray(FLOATS, matrix, from).mul(factor));
      s1 = s1.add(FloatVector.fromArray(FLOATS, matrix, from + LANES).mul(factor));
      s2 = s2.add(FloatVector.fromArray(FLOATS, matrix, from + 2 * LANES).mul(factor));
      s3 = s3.add(FloatVector.fromArray(FLOATS, matrix, from + 3 * LANES).mul(factor));
    }
    s0.intoArray(out, at + i);
    s1.intoArray(out, at + i + LANES);
    s2.intoArray(out, at + i + 2 * LANES);
    s3.intoArray(out, at + i + 3 * LANES);
  }

  private static void oneVector(
      float[] rows, int at, float[] matrix, int width, float[] out, int i) {
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int k = 0; k < width; k++) {
      sum = sum.add(FloatVector.fromArray(FLOATS, matrix, k * width + i).mul(rows[at + k]));
    }
    sum.intoArray(out, at + i);
  }
}
