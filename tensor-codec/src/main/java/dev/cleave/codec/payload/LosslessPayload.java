package dev.cleave.codec.payload;

import dev.cleave.codec.entropy.Rans;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The payload of the LOSSLESS modes: exponents entropy-coded with the frame's own frequencies,
 * signs and mantissas, which hold next to no redundancy, in planes of bytes. Every bit pattern
 * comes back, NaN and -0 too; LOSSLESS_BF16 first rounds as RAW_BF16 does. A profile makes no
 * difference.
 *
 * <pre>
 *    +-----------------------------------+
 *    | planes of positions x width bytes |   f32: mantissa bits 0-7, bits 8-15,
 *    |                                   |   bits 16-22 with the sign on top; bf16: the last alone
 *    +-----------------+-----------------+
 *    | lowest exponent | highest, u8     |   1 and 0: exponents are not coded
 *    +-----------------+-----------------+
 *    | frequency of each exponent from   |   varints, 4096 in all
 *    | the lowest to the highest         |
 *    +-----------------------------------+
 *    | rANS stream of the exponents      |   or a plane of them
 *    +-----------------------------------+
 * </pre>
 */
public final class LosslessPayload implements PayloadCodec {
  private static final int BLOCK = 4096;
  private static final int MOST_PLANES = 3;

  /** Two exponents and two frequencies. */
  private static final int LEAST_TABLE_BYTES = 5;

  private static final int STORED_TABLE_BYTES = 2;

  private final int width;
  private final boolean isBfloat16;
  private final int planes;
  private @Nullable Scratch scratch;

  /**
   * Rows of {@code width} elements.
   *
   * @param isBfloat16 whether values are rounded to bfloat16, else f32
   */
  public LosslessPayload(int width, boolean isBfloat16) {
    this.width = width;
    this.isBfloat16 = isBfloat16;
    this.planes = isBfloat16 ? 1 : MOST_PLANES;
  }

  @Override
  public int lanes(int positions) {
    return Rans.lanes((long) positions * width);
  }

  @Override
  public long minBytes(int positions) {
    long elements = (long) positions * width;
    long stored = elements + STORED_TABLE_BYTES;
    long coded = (long) lanes(positions) * Rans.STATE_BYTES + LEAST_TABLE_BYTES;
    return planes * elements + Math.min(stored, coded);
  }

  @Override
  public long maxBytes(int positions) {
    return (planes + 1L) * positions * width + STORED_TABLE_BYTES;
  }

  @Override
  public int encode(FloatBuffer values, int at, int positions, ByteBuffer out, int offset) {
    Scratch s = scratch();
    int elements = positions * width;
    s.exponents.start(elements);
    for (int done = 0; done < elements; done += BLOCK) {
      int n = Math.min(BLOCK, elements - done);
      values.get(at + done, s.floats, 0, n);
      if (isBfloat16) {
        splitBfloat16(s, done, n);
      } else {
        splitF32(s, done, n);
      }
      for (int p = 0; p < planes; p++) {
        out.put(offset + p * elements + done, s.blocks[p], 0, n);
      }
    }
    int bytes = planes * elements;
    return bytes + s.exponents.encode(out, offset + bytes);
  }

  private static void splitF32(Scratch s, int from, int n) {
    int[] bits = s.bits;
    for (int i = 0; i < n; i++) {
      bits[i] = Float.floatToRawIntBits(s.floats[i]);
    }
    byte[] low = s.blocks[0];
    for (int i = 0; i < n; i++) {
      low[i] = (byte) bits[i];
    }
    byte[] middle = s.blocks[1];
    for (int i = 0; i < n; i++) {
      middle[i] = (byte) (bits[i] >> 8);
    }
    byte[] high = s.blocks[2];
    for (int i = 0; i < n; i++) {
      high[i] = (byte) (((bits[i] >> 16) & 0x7F) | ((bits[i] >> 24) & 0x80));
    }
    byte[] exponents = s.exponents.values();
    for (int i = 0; i < n; i++) {
      exponents[from + i] = (byte) (bits[i] >> 23);
    }
  }

  private void splitBfloat16(Scratch s, int from, int n) {
    byte[] high = s.blocks[0];
    byte[] exponents = s.exponents.values();
    for (int i = 0; i < n; i++) {
      float value = s.floats[i];
      int half = RawPayload.toBfloat16(value);
      if ((half & 0x7F80) == 0x7F80 && Float.isFinite(value)) {
        throw new IllegalArgumentException(
            "position %d, channel %d is beyond the range of LOSSLESS_BF16: use LOSSLESS_F32"
                .formatted((from + i) / width, (from + i) % width));
      }
      high[i] = (byte) ((half & 0x7F) | ((half >> 8) & 0x80));
      exponents[from + i] = (byte) (half >> 7);
    }
  }

  @Override
  public void decode(Payload in, FloatBuffer out, int at) {
    Scratch s = scratch();
    int elements = in.positions() * width;
    int bytes = planes * elements;
    s.exponents.decode(in.buffer(), in.offset() + bytes, in.offset() + in.bytes(), elements);
    for (int done = 0; done < elements; done += BLOCK) {
      int n = Math.min(BLOCK, elements - done);
      for (int p = 0; p < planes; p++) {
        in.buffer().get(in.offset() + p * elements + done, s.blocks[p], 0, n);
      }
      join(s, done, n);
      out.put(at + done, s.floats, 0, n);
    }
  }

  private void join(Scratch s, int from, int n) {
    byte[] high = s.blocks[planes - 1];
    byte[] exponents = s.block;
    System.arraycopy(s.exponents.values(), from, exponents, 0, n);
    int[] bits = s.bits;
    for (int i = 0; i < n; i++) {
      bits[i] = ((exponents[i] & 0xFF) << 23) | ((high[i] & 0x7F) << 16) | ((high[i] & 0x80) << 24);
    }
    if (!isBfloat16) {
      byte[] low = s.blocks[0];
      byte[] middle = s.blocks[1];
      for (int i = 0; i < n; i++) {
        bits[i] |= (low[i] & 0xFF) | ((middle[i] & 0xFF) << 8);
      }
    }
    for (int i = 0; i < n; i++) {
      s.floats[i] = Float.intBitsToFloat(bits[i]);
    }
  }

  private Scratch scratch() {
    if (scratch == null) {
      scratch = new Scratch();
    }
    return scratch;
  }

  /** What the first frame needs. */
  private static final class Scratch {
    final float[] floats = new float[BLOCK];
    final int[] bits = new int[BLOCK];

    /** Exponents: with one index for all arrays the compiler makes vector code. */
    final byte[] block = new byte[BLOCK];

    final byte[][] blocks = new byte[MOST_PLANES][BLOCK];
    final ExponentCoder exponents = new ExponentCoder();
  }
}
