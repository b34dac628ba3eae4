package dev.cleave.codec.profile;

import java.nio.ByteBuffer;

/**
 * The 128 bits that name a profile in frames and on the wire. Immutable.
 *
 * @param high bytes 0 to 7, little endian
 * @param low bytes 8 to 15, little endian
 */
public record ProfileHash(long high, long low) {
  /** What stands where no profile is used: all zero. */
  public static final ProfileHash NONE = new ProfileHash(0, 0);

  /** Length in bytes. */
  public static final int BYTES = 16;

  /** Whether this names no profile. */
  public boolean isNone() {
    return high == 0 && low == 0;
  }

  /** Reads 16 bytes at an index of a little-endian buffer; moves nothing. */
  public static ProfileHash read(ByteBuffer bytes, int index) {
    return new ProfileHash(bytes.getLong(index), bytes.getLong(index + Long.BYTES));
  }

  /** Writes 16 bytes at an index of a little-endian buffer; moves nothing. */
  public void write(ByteBuffer bytes, int index) {
    bytes.putLong(index, high);
    bytes.putLong(index + Long.BYTES, low);
  }

  /** 32 digits of lower-case hex, byte 0 first. */
  @Override
  public String toString() {
    return "%016x%016x".formatted(Long.reverseBytes(high), Long.reverseBytes(low));
  }
}
