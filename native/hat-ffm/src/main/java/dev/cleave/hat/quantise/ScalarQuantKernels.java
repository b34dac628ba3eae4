package dev.cleave.hat.quantise;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The kernels in plain Java: they define what is right. All is f32, as in the vendor's own
 * conversion (hailo/quantization.hpp, HailoRT 5.2), and nothing is fused.
 */
final class ScalarQuantKernels implements QuantSupport {
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  static final int UINT8_MAX = 0xFF;
  static final int UINT16_MAX = 0xFFFF;

  /** Adding this to a float of less than 2^22 leaves its half-even integer in the low bits. */
  static final float ROUNDER = 0x1.8p23f;

  static final int ROUNDER_BITS = 0x4B400000;

  /** Without its sign, the bits of a float that is a number are at most these. */
  static final int INFINITY_BITS = 0x7F800000;

  @Override
  public boolean toUint8(MemorySegment values, int n, QuantInfo info, MemorySegment stored) {
    return toUint8(values, n, info, stored, 0);
  }

  /** Values from {@code first} on. */
  static boolean toUint8(
      MemorySegment values, int n, QuantInfo info, MemorySegment stored, int first) {
    float low = low(info);
    float high = high(info);
    int most = 0;
    for (int i = first; i < n; i++) {
      float value = values.get(FLOAT, 4L * i);
      most = Math.max(most, Float.floatToRawIntBits(value) & Integer.MAX_VALUE);
      int q = quantise(Math.max(Math.min(value, high), low), info, UINT8_MAX);
      stored.set(ValueLayout.JAVA_BYTE, i, (byte) q);
    }
    return most <= INFINITY_BITS;
  }

  @Override
  public boolean toUint16(MemorySegment values, int n, QuantInfo info, MemorySegment stored) {
    return toUint16(values, n, info, stored, 0);
  }

  /** Values from {@code first} on. */
  static boolean toUint16(
      MemorySegment values, int n, QuantInfo info, MemorySegment stored, int first) {
    float low = low(info);
    float high = high(info);
    int most = 0;
    for (int i = first; i < n; i++) {
      float value = values.get(FLOAT, 4L * i);
      most = Math.max(most, Float.floatToRawIntBits(value) & Integer.MAX_VALUE);
      int q = quantise(Math.max(Math.min(value, high), low), info, UINT16_MAX);
      stored.set(SHORT, 2L * i, (short) q);
    }
    return most <= INFINITY_BITS;
  }

  /** The clamp to the type comes before the rounding, which bounds that are integers allow. */
  private static int quantise(float clipped, QuantInfo info, int max) {
    float scaled = clipped / info.scale() + info.zeroPoint();
    float bounded = Math.max(Math.min(scaled, max), 0);
    return Float.floatToRawIntBits(bounded + ROUNDER) - ROUNDER_BITS;
  }

  /** Below which values are clipped. */
  static float low(QuantInfo info) {
    return info.identity() ? Float.NEGATIVE_INFINITY : info.limitLow();
  }

  /** Above which values are clipped. */
  static float high(QuantInfo info) {
    return info.identity() ? Float.POSITIVE_INFINITY : info.limitHigh();
  }

  @Override
  public void fromUint8(MemorySegment stored, int n, QuantInfo info, MemorySegment values) {
    fromUint8(stored, n, info, values, 0);
  }

  /** Elements from {@code first} on. */
  static void fromUint8(
      MemorySegment stored, int n, QuantInfo info, MemorySegment values, int first) {
    for (int i = first; i < n; i++) {
      float q = stored.get(ValueLayout.JAVA_BYTE, i) & UINT8_MAX;
      values.set(FLOAT, 4L * i, (q - info.zeroPoint()) * info.scale());
    }
  }

  @Override
  public void fromUint16(MemorySegment stored, int n, QuantInfo info, MemorySegment values) {
    fromUint16(stored, n, info, values, 0);
  }

  /** Elements from {@code first} on. */
  static void fromUint16(
      MemorySegment stored, int n, QuantInfo info, MemorySegment values, int first) {
    for (int i = first; i < n; i++) {
      float q = stored.get(SHORT, 2L * i) & UINT16_MAX;
      values.set(FLOAT, 4L * i, (q - info.zeroPoint()) * info.scale());
    }
  }
}
