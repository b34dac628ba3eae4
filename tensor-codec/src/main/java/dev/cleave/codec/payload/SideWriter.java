package dev.cleave.codec.payload;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Collects what stands beside the symbols, as {@link SideReader} reads it. One thread's. */
public final class SideWriter {
  private ByteBuffer buffer = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
  private int bytes;
  private int bitsUsed;
  private int partial;

  /** Starts anew. */
  public void clear() {
    bytes = 0;
    bitsUsed = 0;
    partial = 0;
  }

  /** How many bytes there are. */
  public int bytes() {
    return bytes;
  }

  /** What was written, to be read from index 0; lent until the next write. */
  public ByteBuffer buffer() {
    return buffer;
  }

  /** Copies all to an index of a buffer; moves nothing. */
  public void copyTo(ByteBuffer out, int offset) {
    out.put(offset, buffer, 0, bytes);
  }

  /** Appends a byte. */
  public void u8(int value) {
    room(1);
    buffer.put(bytes, (byte) value);
    bytes++;
  }

  /** Appends a signed 16-bit number. */
  public void i16(int value) {
    room(Short.BYTES);
    buffer.putShort(bytes, (short) value);
    bytes += Short.BYTES;
  }

  /** Appends a float. */
  public void f32(float value) {
    room(Float.BYTES);
    buffer.putFloat(bytes, value);
    bytes += Float.BYTES;
  }

  /** Appends a whole number in 7 bits a byte, the lowest first. */
  public void varint(int value) {
    int left = value;
    while (left >>> 7 != 0) {
      u8(left | 0x80);
      left >>>= 7;
    }
    u8(left);
  }

  /** Appends a number as a varint with its sign in the lowest bit. */
  public void signed(int value) {
    varint((value << 1) ^ (value >> 31));
  }

  /** Appends the low bits of a value, the lowest first; up to 24. */
  public void bits(int value, int count) {
    int left = value;
    int todo = count;
    while (todo > 0) {
      int now = Math.min(8 - bitsUsed, todo);
      partial |= (left & ((1 << now) - 1)) << bitsUsed;
      left >>>= now;
      bitsUsed += now;
      todo -= now;
      if (bitsUsed == 8) {
        endBits();
      }
    }
  }

  /** Ends a run of bits with zeros up to the byte. */
  public void endBits() {
    if (bitsUsed > 0) {
      u8(partial);
      bitsUsed = 0;
      partial = 0;
    }
  }

  private void room(int more) {
    if (buffer.capacity() - bytes < more) {
      ByteBuffer larger = ByteBuffer.allocate(2 * (bytes + more)).order(ByteOrder.LITTLE_ENDIAN);
      larger.put(0, buffer, 0, bytes);
      buffer = larger;
    }
  }
}
