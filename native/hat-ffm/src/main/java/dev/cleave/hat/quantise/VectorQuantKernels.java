package dev.cleave.hat.quantise;

import static dev.cleave.hat.quantise.ScalarQuantKernels.INFINITY_BITS;
import static dev.cleave.hat.quantise.ScalarQuantKernels.ROUNDER;
import static dev.cleave.hat.quantise.ScalarQuantKernels.ROUNDER_BITS;
import static dev.cleave.hat.quantise.ScalarQuantKernels.UINT16_MAX;
import static dev.cleave.hat.quantise.ScalarQuantKernels.UINT8_MAX;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels with the Vector API: in each lane what {@link ScalarQuantKernels} does. Loaded by
 * name, and only where the module is present. What does not fill a vector is left to the scalar
 * code. No method takes or gives a vector: each that passes a call may be an object.
 */
final class VectorQuantKernels implements QuantSupport {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
  private static final int LANES = FLOATS.length();

  /** As many as {@link #FLOATS} has lanes; the Raspberry Pi 5 has 4, in 64 bits. */
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, LANES * Short.SIZE)));

  /**
   * The same, or with 4 lanes too many: there are no vectors of 32 bits, and the scalar code does
   * it.
   */
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));

  @Override
  public boolean toUint8(MemorySegment values, int n, QuantInfo info, MemorySegment stored) {
    int whole = BYTES.length() == LANES ? FLOATS.loopBound(n) : 0;
    float low = ScalarQuantKernels.low(info);
    float high = ScalarQuantKernels.high(info);
    IntVector most = IntVector.zero(INTS);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector value = FloatVector.fromMemorySegment(FLOATS, values, 4L * i, LITTLE_ENDIAN);
      most = most.max(value.reinterpretAsInts().and(Integer.MAX_VALUE));
      IntVector q =
          value
              .min(high)
              .max(low)
              .div(info.scale())
              .add(info.zeroPoint())
              .min(UINT8_MAX)
              .max(0)
              .add(ROUNDER)
              .reinterpretAsInts()
              .sub(ROUNDER_BITS);
      ((ByteVector) q.convertShape(VectorOperators.I2B, BYTES, 0))
          .intoMemorySegment(stored, i, LITTLE_ENDIAN);
    }
    boolean rest = ScalarQuantKernels.toUint8(values, n, info, stored, whole);
    return rest && most.reduceLanes(VectorOperators.MAX) <= INFINITY_BITS;
  }

  @Override
  public boolean toUint16(MemorySegment values, int n, QuantInfo info, MemorySegment stored) {
    int whole = SHORTS.length() == LANES ? FLOATS.loopBound(n) : 0;
    float low = ScalarQuantKernels.low(info);
    float high = ScalarQuantKernels.high(info);
    IntVector most = IntVector.zero(INTS);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector value = FloatVector.fromMemorySegment(FLOATS, values, 4L * i, LITTLE_ENDIAN);
      most = most.max(value.reinterpretAsInts().and(Integer.MAX_VALUE));
      IntVector q =
          value
              .min(high)
              .max(low)
              .div(info.scale())
              .add(info.zeroPoint())
              .min(UINT16_MAX)
              .max(0)
              .add(ROUNDER)
              .reinterpretAsInts()
              .sub(ROUNDER_BITS);
      ((ShortVector) q.convertShape(VectorOperators.I2S, SHORTS, 0))
          .intoMemorySegment(stored, 2L * i, LITTLE_ENDIAN);
    }
    boolean rest = ScalarQuantKernels.toUint16(values, n, info, stored, whole);
    return rest && most.reduceLanes(VectorOperators.MAX) <= INFINITY_BITS;
  }

  @Override
  public void fromUint8(MemorySegment stored, int n, QuantInfo info, MemorySegment values) {
    int whole = BYTES.length() == LANES ? FLOATS.loopBound(n) : 0;
    for (int i = 0; i < whole; i += LANES) {
      ByteVector.fromMemorySegment(BYTES, stored, i, LITTLE_ENDIAN)
          .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
          .convertShape(VectorOperators.I2F, FLOATS, 0)
          .reinterpretAsFloats()
          .sub(info.zeroPoint())
          .mul(info.scale())
          .intoMemorySegment(values, 4L * i, LITTLE_ENDIAN);
    }
    ScalarQuantKernels.fromUint8(stored, n, info, values, whole);
  }

  @Override
  public void fromUint16(MemorySegment stored, int n, QuantInfo info, MemorySegment values) {
    int whole = SHORTS.length() == LANES ? FLOATS.loopBound(n) : 0;
    for (int i = 0; i < whole; i += LANES) {
      ShortVector.fromMemorySegment(SHORTS, stored, 2L * i, LITTLE_ENDIAN)
          .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
          .convertShape(VectorOperators.I2F, FLOATS, 0)
          .reinterpretAsFloats()
          .sub(info.zeroPoint())
          .mul(info.scale())
          .intoMemorySegment(values, 4L * i, LITTLE_ENDIAN);
    }
    ScalarQuantKernels.fromUint16(stored, n, info, values, whole);
  }
}
