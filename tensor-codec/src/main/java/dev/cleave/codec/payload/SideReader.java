package dev.cleave.codec.payload;

import java.nio.ByteBuffer;

/** Reads what stands beside the symbols, never past its end. Confined to one thread. */
public final class SideReader {
  private static final int MOST_VARINT_BYTES = 5;

  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private int at;
  private int end;
  private int bitsLeft;
  private int partial;

  /** Starts at an index of a little-endian buffer, which is borrowed. */
  public void open(ByteBuffer in, int from, int to) {
    buffer = in;
    at = from;
    end = to;
    bitsLeft = 0;
    partial = 0;
  }

  /** Index of the next byte. */
  public int at() {
    return at;
  }

  /** Moves on past bytes that others read. */
  public void skipTo(int index) {
    at = index;
  }

  /** Reads a byte, 0 to 255. */
  public int u8() {
    return Byte.toUnsignedInt(buffer.get(take(1)));
  }

  /** Reads a signed 16-bit number. */
  public int i16() {
    return buffer.getShort(take(Short.BYTES));
  }

  /** Reads a float, whatever its bits. */
  public float f32() {
    return buffer.getFloat(take(Float.BYTES));
  }

  /** A whole number in 7 bits a byte, the lowest first, as short as it can be. */
  public int varint() {
    int from = at;
    int value = 0;
    for (int shift = 0; shift < 7 * MOST_VARINT_BYTES; shift += 7) {
      int next = u8();
      value |= (next & 0x7F) << shift;
      if (next < 0x80) {
        if ((next == 0 && shift > 0) || (shift == 28 && next > 0xF)) {
          break;
        }
        return value;
      }
    }
    throw new CorruptPayload(from, "a number is longer than it needs to be");
  }

  /** The same with its sign in the lowest bit. */
  public int signed() {
    int coded = varint();
    return (coded >>> 1) ^ -(coded & 1);
  }

  /** The next bits, the lowest first; up to 24. */
  public int bits(int count) {
    int value = 0;
    int done = 0;
    while (done < count) {
      if (bitsLeft == 0) {
        partial = u8();
        bitsLeft = 8;
      }
      int now = Math.min(bitsLeft, count - done);
      value |= (partial & ((1 << now) - 1)) << done;
      partial >>>= now;
      bitsLeft -= now;
      done += now;
    }
    return value;
  }

  /** Ends a run of bits; the rest of its last byte must be zero. */
  public void endBits() {
    if (partial != 0) {
      throw new CorruptPayload(at - 1, "bits behind the last raw bit are not zero");
    }
    bitsLeft = 0;
  }

  private int take(int bytes) {
    if (end - at < bytes) {
      throw new CorruptPayload(end, "payload ends inside its side data");
    }
    at += bytes;
    return at - bytes;
  }
}
