package dev.cleave.codec.payload;

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
public final class Int8Payload implements PayloadCodec {
  private static final int BLOCK = 64;
  private static final int MAX_Q = 127;

  /** The largest scale whose multiples by up to 127 are all finite. */
  static final float MAX_SCALE = Math.nextDown(Float.MAX_VALUE / MAX_Q);

  private final int width;
  private final float[] block = new float[BLOCK];
  private final byte[] q = new byte[BLOCK];

  /** Rows of {@code width} elements. */
  public Int8Payload(int width) {
    this.width = width;
  }

  @Override
  public long minBytes(int positions) {
    return positions * (width + (width + BLOCK - 1L) / BLOCK * Float.BYTES);
  }

  @Override
  public long maxBytes(int positions) {
    return minBytes(positions);
  }

  @Override
  public int encode(FloatBuffer values, int at, int positions, ByteBuffer out, int offset) {
    int to = offset;
    int elements = positions * width;
    int done = 0;
    while (done < elements) {
      int n = Math.min(BLOCK, width - done % width);
      values.get(at + done, block, 0, n);
      float max = 0;
      for (int i = 0; i < n; i++) {
        max = Math.max(max, Math.abs(block[i]));
      }
      if (!(max <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "INT8 cannot code position %d, channels %d to %d: not all values are finite"
                .formatted(done / width, done % width, done % width + n - 1));
      }
      float scale = Math.min(max / MAX_Q, MAX_SCALE);
      for (int i = 0; i < n; i++) {
        // A subnormal scale is coarse, so that the quotient may pass 127; scale 0 gives NaN -> 0.
        double quotient = Math.rint((double) block[i] / scale);
        q[i] = scale == 0 ? 0 : (byte) Math.clamp((long) quotient, -MAX_Q, MAX_Q);
      }
      out.putFloat(to, scale);
      out.put(to + Float.BYTES, q, 0, n);
      done += n;
      to += Float.BYTES + n;
    }
    return to - offset;
  }

  @Override
  public void decode(Payload in, FloatBuffer out, int at) {
    int from = in.offset();
    int elements = in.positions() * width;
    int done = 0;
    while (done < elements) {
      int n = Math.min(BLOCK, width - done % width);
      float scale = in.buffer().getFloat(from);
      if (Float.floatToRawIntBits(scale) < 0 || !(scale <= MAX_SCALE)) {
        throw new CorruptPayload(from, "scale is " + scale + ", must be 0 to " + MAX_SCALE);
      }
      in.buffer().get(from + Float.BYTES, q, 0, n);
      int lowest = 0;
      for (int i = 0; i < n; i++) {
        lowest = Math.min(lowest, q[i]);
        block[i] = q[i] * scale;
      }
      if (lowest < -MAX_Q) {
        throw new CorruptPayload(from + Float.BYTES, "block holds -128");
      }
      out.put(at + done, block, 0, n);
      from += Float.BYTES + n;
      done += n;
    }
  }
}
