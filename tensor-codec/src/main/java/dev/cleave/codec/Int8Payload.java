package dev.cleave.codec;

import dev.cleave.codec.MalformedFrame.Fault;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * The payload of INT8: rows of blocks of {@value #BLOCK} elements along the width, the last block
 * of a row being shorter where the width says so.
 *
 * <pre>
 *    +-------------------+----------------------------------------+
 *    | scale, f32        |  q[0] .. q[n-1], n <= 64, i8           |   one block
 *    +-------------------+----------------------------------------+
 * </pre>
 *
 * <p>{@code value = q * scale} in one f32 multiplication, {@code scale = max |value| / 127}, {@code
 * q = value / scale} rounded half even, in -127..127. A block of zeros has scale 0. Scales are
 * finite, without sign, and {@code 127 * scale} is finite: nothing but finite values comes out.
 */
final class Int8Payload {
  static final int BLOCK = 64;
  private static final int MAX_Q = 127;

  /** The largest scale whose multiples by up to 127 are all finite. */
  static final float MAX_SCALE = Math.nextDown(Float.MAX_VALUE / MAX_Q);

  private Int8Payload() {}

  static void encode(FloatBuffer values, int width, ByteBuffer payload) {
    float[] block = new float[BLOCK];
    byte[] q = new byte[BLOCK];
    int start = values.position();
    int in = 0;
    int out = 0;
    int elements = values.remaining();
    while (in < elements) {
      int n = Math.min(BLOCK, width - in % width);
      values.get(start + in, block, 0, n);
      float max = 0;
      for (int i = 0; i < n; i++) {
        max = Math.max(max, Math.abs(block[i]));
      }
      if (!(max <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "INT8 cannot code position %d, channels %d to %d: not all values are finite"
                .formatted(in / width, in % width, in % width + n - 1));
      }
      float scale = Math.min(max / MAX_Q, MAX_SCALE);
      for (int i = 0; i < n; i++) {
        // A subnormal scale is coarse, so that the quotient may pass 127; scale 0 gives NaN -> 0.
        double quotient = Math.rint((double) block[i] / scale);
        q[i] = scale == 0 ? 0 : (byte) Math.clamp((long) quotient, -MAX_Q, MAX_Q);
      }
      payload.putFloat(out, scale);
      payload.put(out + Float.BYTES, q, 0, n);
      in += n;
      out += Float.BYTES + n;
    }
  }

  static void decode(ByteBuffer payload, int width, int frameOffset, FloatBuffer values) {
    float[] block = new float[BLOCK];
    byte[] q = new byte[BLOCK];
    int start = values.position();
    int in = 0;
    int out = 0;
    while (in < payload.limit()) {
      int n = Math.min(BLOCK, width - out % width);
      float scale = payload.getFloat(in);
      if (Float.floatToRawIntBits(scale) < 0 || !(scale <= MAX_SCALE)) {
        throw new MalformedFrame(
            Fault.PAYLOAD, frameOffset + in, "scale is " + scale + ", must be 0 to " + MAX_SCALE);
      }
      payload.get(in + Float.BYTES, q, 0, n);
      int lowest = 0;
      for (int i = 0; i < n; i++) {
        lowest = Math.min(lowest, q[i]);
        block[i] = q[i] * scale;
      }
      if (lowest < -MAX_Q) {
        throw new MalformedFrame(Fault.PAYLOAD, frameOffset + in + Float.BYTES, "block holds -128");
      }
      values.put(start + out, block, 0, n);
      in += Float.BYTES + n;
      out += n;
    }
  }
}
