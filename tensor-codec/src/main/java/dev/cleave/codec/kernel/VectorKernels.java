package dev.cleave.codec.kernel;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels with the Vector API: in each lane what {@link ScalarKernels} does, in the same order.
 * Loaded by name, and only where the module is present. What does not fill a vector is left to the
 * scalar code.
 *
 * <p>No method here takes or gives a vector: the compiler does not inline what it has compiled into
 * a large method before, and each vector that passes a call is an object. (Seen: a box of 96 bytes
 * for each vector of one loop, for as long as the JVM ran.)
 */
final class VectorKernels implements KernelSupport {
  /** At most 16 lanes: the block of the rotation has rows of 16. */
  static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > ScalarKernels.ROW
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
  private static final VectorSpecies<Double> DOUBLES = FLOATS.withLanes(double.class);
  private static final int LANES = FLOATS.length();

  /** As many bytes as {@link #FLOATS} has lanes, where there are such vectors. */
  private static final VectorSpecies<Byte> BYTES =
      LANES == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

  private final ScalarKernels scalar = new ScalarKernels();

  @Override
  public void center(float[] rows, int at, Affine map, float gain, float[] out) {
    float[] offset = map.offset;
    float[] factor = map.factor;
    int c = 0;
    for (; c <= factor.length - LANES; c += LANES) {
      FloatVector.fromArray(FLOATS, rows, at + c)
          .sub(FloatVector.fromArray(FLOATS, offset, c))
          .mul(gain)
          .mul(FloatVector.fromArray(FLOATS, factor, c))
          .intoArray(out, c);
    }
    for (; c < factor.length; c++) {
      out[c] = (rows[at + c] - offset[c]) * gain * factor[c];
    }
  }

  @Override
  public void restore(float[] row, Affine map, float gain, float[] out, int at) {
    float[] offset = map.offset;
    float[] factor = map.factor;
    int c = 0;
    for (; c <= factor.length - LANES; c += LANES) {
      FloatVector.fromArray(FLOATS, row, c)
          .mul(gain)
          .mul(FloatVector.fromArray(FLOATS, factor, c))
          .add(FloatVector.fromArray(FLOATS, offset, c))
          .intoArray(out, at + c);
    }
    for (; c < factor.length; c++) {
      out[at + c] = row[c] * gain * factor[c] + offset[c];
    }
  }

  @Override
  public float maxMagnitude(float[] values, int at, int n) {
    IntVector most = IntVector.zero(INTS);
    IntVector more = most;
    int i = 0;
    for (; i <= n - 2 * LANES; i += 2 * LANES) {
      most =
          most.max(
              FloatVector.fromArray(FLOATS, values, at + i)
                  .reinterpretAsInts()
                  .and(Integer.MAX_VALUE));
      more =
          more.max(
              FloatVector.fromArray(FLOATS, values, at + i + LANES)
                  .reinterpretAsInts()
                  .and(Integer.MAX_VALUE));
    }
    int max = most.max(more).reduceLanes(VectorOperators.MAX);
    int rest = Float.floatToRawIntBits(scalar.maxMagnitude(values, at + i, n - i));
    return Float.intBitsToFloat(Math.max(max, rest));
  }

  @Override
  public double sumOfSquares(float[] values, int at, int n) {
    if (LANES != ScalarKernels.SUMS || n % LANES != 0) {
      return scalar.sumOfSquares(values, at, n);
    }
    DoubleVector low = DoubleVector.zero(DOUBLES);
    DoubleVector high = low;
    for (int i = at; i < at + n; i += LANES) {
      FloatVector value = FloatVector.fromArray(FLOATS, values, i);
      DoubleVector first = (DoubleVector) value.convertShape(VectorOperators.F2D, DOUBLES, 0);
      DoubleVector second = (DoubleVector) value.convertShape(VectorOperators.F2D, DOUBLES, 1);
      low = low.add(first.mul(first));
      high = high.add(second.mul(second));
    }
    DoubleVector sums = low.add(high);
    double even = (sums.lane(0) + sums.lane(4)) + (sums.lane(2) + sums.lane(6));
    double odd = (sums.lane(1) + sums.lane(5)) + (sums.lane(3) + sums.lane(7));
    return even + odd;
  }

  @Override
  public int quantise(float[] values, int at, int n, Cut cut, byte[] symbols) {
    if (LANES != BYTES.length()) {
      return scalar.quantise(values, at, n, cut, symbols);
    }
    float perStep = cut.perStep();
    float shift = cut.shift();
    int beyond = cut.beyond();
    IntVector most = IntVector.zero(INTS);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      IntVector symbol =
          ((IntVector)
                  FloatVector.fromArray(FLOATS, values, at + i)
                      .mul(perStep)
                      .add(shift)
                      .convert(VectorOperators.F2I, 0))
              .sub(1)
              .and(Integer.MAX_VALUE)
              .min(beyond);
      most = most.max(symbol);
      ((ByteVector) symbol.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(symbols, at + i);
    }
    int rest = scalar.quantise(values, at + i, n - i, cut, symbols);
    return Math.max(most.reduceLanes(VectorOperators.MAX), rest);
  }

  @Override
  public void quantise(float[] values, int n, float inverseStep, int limit, byte[] q) {
    int i = 0;
    if (LANES == BYTES.length()) {
      for (; i <= n - LANES; i += LANES) {
        IntVector rounded =
            FloatVector.fromArray(FLOATS, values, i)
                .mul(inverseStep)
                .add(ScalarKernels.ROUNDER)
                .reinterpretAsInts()
                .max(ScalarKernels.ROUNDER_BITS - limit)
                .min(ScalarKernels.ROUNDER_BITS + limit)
                .sub(ScalarKernels.ROUNDER_BITS);
        ((ByteVector) rounded.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(q, i);
      }
    }
    for (; i < n; i++) {
      q[i] = (byte) ScalarKernels.round(values[i] * inverseStep, limit);
    }
  }

  @Override
  public void rotate(float[] values, int at, int n) {
    if (n < ScalarKernels.BLOCK) {
      scalar.rotate(values, at, n);
    } else {
      VectorRotation.rotate(values, at, n);
    }
  }

  @Override
  public void multiply(float[] rows, int count, float[] matrix, int width, float[] out) {
    VectorProduct.multiply(rows, count, matrix, width, out);
  }

  @Override
  public void extendPaths(float[] metrics, int n, float[] costs, byte[] decisions, int at) {
    if (LANES >= VectorTrellis.LANES) {
      VectorTrellis.extendPaths(metrics, n, costs, decisions, at);
    } else {
      scalar.extendPaths(metrics, n, costs, decisions, at);
    }
  }
}
