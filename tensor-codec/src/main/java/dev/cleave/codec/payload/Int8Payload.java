package dev.cleave.codec.payload;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The payload of INT8: a scale and one byte for each channel, row by row, always {@code width + 4}
 * bytes.
 *
 * <pre>
 *    +-------------------+----------------------------------------+
 *    | scale, f32        |  q[0] .. q[width-1], i8                |   one row
 *    +-------------------+----------------------------------------+
 * </pre>
 *
 * <p>The row's coordinates y are those of {@link Rotation}; {@code y = q * scale * P}, {@code scale
 * = max |y| / (127 P)}, q rounded half even, in -127..127. Back, the integers are rotated, which is
 * exact, and scaled last. A row that equals the profile's means, or whose scale would be subnormal,
 * has scale 0 and zeros. The error of a coordinate is at most half a step, and Q is orthogonal: the
 * root mean square of a row's errors in deviations is at most {@code scale * sqrt(P) / 2}.
 *
 * <p>A massive entry costs a row precision, as it sets the largest coordinate; yet spread over all
 * coordinates it costs less than the bytes that would carry it aside, up to some 1200 times the rms
 * of the row.
 */
public final class Int8Payload implements PayloadCodec {
  private static final int MAX_Q = 127;

  private final RowCoder rows;
  private final int width;
  private byte[] q = new byte[0];

  /**
   * Rows of {@code width} elements.
   *
   * @param profile of that width, or null: then coordinates are of the values as they are
   */
  public Int8Payload(int width, @Nullable Profile profile) {
    this.width = width;
    this.rows = new RowCoder("INT8", width, profile, MAX_Q);
  }

  @Override
  public long minBytes(int positions) {
    return positions * ((long) width + Float.BYTES);
  }

  @Override
  public long maxBytes(int positions) {
    return minBytes(positions);
  }

  @Override
  public int encode(FloatBuffer values, int at, int positions, ByteBuffer out, int offset) {
    prepare();
    int to = offset;
    for (int position = 0; position < positions; position++) {
      float[] y = rows.normalised(values, at, position);
      rows.rotate();
      float scale = rows.scale(rows.largest(values, at, position) / MAX_Q, position);
      Kernels.quantise(y, width, rows.inverseStep(scale), MAX_Q, q);
      out.putFloat(to, scale);
      out.put(to + Float.BYTES, q, 0, width);
      to += Float.BYTES + width;
    }
    return to - offset;
  }

  @Override
  public void decode(Payload in, FloatBuffer out, int at) {
    prepare();
    float[] y = rows.scratch();
    int from = in.offset();
    for (int position = 0; position < in.positions(); position++) {
      float scale = rows.checkedScale(in.buffer().getFloat(from), from);
      in.buffer().get(from + Float.BYTES, q, 0, width);
      int lowest = 0;
      int bits = 0;
      for (int i = 0; i < width; i++) {
        lowest = Math.min(lowest, q[i]);
        bits |= q[i];
        y[i] = q[i];
      }
      if (lowest < -MAX_Q) {
        throw new CorruptPayload(from + Float.BYTES, "row holds -128");
      }
      if (scale == 0 && bits != 0) {
        throw new CorruptPayload(from + Float.BYTES, "row of scale 0 is not all zeros");
      }
      rows.values(scale, out, at + position * width);
      from += Float.BYTES + width;
    }
  }

  private void prepare() {
    if (q.length < width) {
      q = new byte[width];
    }
  }
}
