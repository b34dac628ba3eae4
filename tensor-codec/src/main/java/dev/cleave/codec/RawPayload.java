package dev.cleave.codec;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/**
 * The payload of the RAW modes: positions x width elements, row by row, nothing between. NaN and
 * infinities travel as they are.
 */
final class RawPayload {
  private RawPayload() {}

  static void encode(CodecMode mode, FloatBuffer values, ByteBuffer payload) {
    if (mode == CodecMode.RAW_F32) {
      payload.asFloatBuffer().put(values.duplicate());
      return;
    }
    ShortBuffer halves = payload.asShortBuffer();
    int start = values.position();
    for (int i = 0; i < values.remaining(); i++) {
      float value = values.get(start + i);
      short half = mode == CodecMode.RAW_F16 ? Float.floatToFloat16(value) : toBfloat16(value);
      if (Float.isFinite(value) && !Float.isFinite(toFloat(mode, half))) {
        // Sent as infinity it would be refused by the receiver, far from its cause.
        throw new IllegalArgumentException(
            "element %d is beyond the range of %s: use RAW_F32 or INT8".formatted(i, mode));
      }
      halves.put(i, half);
    }
  }

  static void decode(CodecMode mode, ByteBuffer payload, FloatBuffer out) {
    if (mode == CodecMode.RAW_F32) {
      out.duplicate().put(payload.asFloatBuffer());
      return;
    }
    ShortBuffer halves = payload.asShortBuffer();
    int start = out.position();
    for (int i = 0; i < halves.remaining(); i++) {
      out.put(start + i, toFloat(mode, halves.get(i)));
    }
  }

  /** Round half even; a NaN stays one, made quiet so that it cannot round to infinity. */
  static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  private static float toFloat(CodecMode mode, short half) {
    return mode == CodecMode.RAW_F16
        ? Float.float16ToFloat(half)
        : Float.intBitsToFloat(half << 16);
  }
}
