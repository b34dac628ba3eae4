package dev.cleave.split.checkpoint.gguf.format;

import dev.cleave.split.error.MalformedCheckpoint;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads the parts of a GGUF file one after another. Every read is checked against the end of the
 * file first; every length against a limit before anything is allocated for it.
 */
final class GgufCursor {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String file;
  private final MemorySegment memory;
  private long position;

  /** Starts at an offset from the start of the file. */
  GgufCursor(String file, MemorySegment memory, long position) {
    this.file = file;
    this.memory = memory;
    this.position = position;
  }

  long position() {
    return position;
  }

  byte i8(String what) {
    return memory.get(BYTE, take(1, what));
  }

  short i16(String what) {
    return memory.get(SHORT, take(2, what));
  }

  int i32(String what) {
    return memory.get(INT, take(4, what));
  }

  long i64(String what) {
    return memory.get(LONG, take(8, what));
  }

  /** A count or length: unsigned in the file, at most {@code limit}. */
  long count(long limit, String what) {
    long at = position;
    long count = i64(what);
    if (count < 0 || count > limit) {
      throw malformed(
          at, what + " is " + Long.toUnsignedString(count) + ", more than the limit of " + limit);
    }
    return count;
  }

  /** A length in bytes and as much UTF-8; the length at most {@code maxBytes}. */
  String string(int maxBytes, String what) {
    int length = (int) count(maxBytes, "length of " + what);
    long at = take(length, what);
    ByteBuffer bytes = memory.asSlice(at, length).asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedCheckpoint(file, at(at) + what + " is not UTF-8", e);
    }
  }

  /** Passes over a string. */
  void skipString(int maxBytes, String what) {
    take(count(maxBytes, "length of " + what), what);
  }

  /** Passes over {@code count} elements of so many bytes. */
  void skip(long count, int bytesEach, String what) {
    // Divided, not multiplied: the count comes from the file.
    if (count > (memory.byteSize() - position) / bytesEach) {
      throw malformed(
          position, what + " has " + count + " elements, more than the rest of the file holds");
    }
    position += count * bytesEach;
  }

  MalformedCheckpoint malformed(long offset, String detail) {
    return new MalformedCheckpoint(file, at(offset) + detail);
  }

  private long take(long bytes, String what) {
    long at = position;
    if (bytes > memory.byteSize() - at) {
      throw malformed(at, "the file ends within " + what + " of " + bytes + " bytes");
    }
    position = at + bytes;
    return at;
  }

  private static String at(long offset) {
    return "at offset " + offset + ": ";
  }
}
