package dev.cleave.split.checkpoint.gguf.format;

import org.jspecify.annotations.Nullable;

/** The types of metadata values: {@code gguf_type} in gguf.h, by number. */
public enum GgufValueType {
  U8(0, 1),
  I8(1, 1),
  U16(2, 2),
  I16(3, 2),
  U32(4, 4),
  I32(5, 4),
  F32(6, 4),
  BOOL(7, 1),
  STRING(8, 0),
  ARRAY(9, 0),
  U64(10, 8),
  I64(11, 8),
  F64(12, 8);

  private final int number;
  private final int bytes;

  GgufValueType(int number, int bytes) {
    this.number = number;
    this.bytes = bytes;
  }

  /** The type of a number, or null when there is none. */
  public static @Nullable GgufValueType of(int number) {
    for (GgufValueType type : values()) {
      if (type.number == number) {
        return type;
      }
    }
    return null;
  }

  /** As it stands in the file. */
  public int number() {
    return number;
  }

  /** Bytes of one value; 0 where they vary. */
  public int bytes() {
    return bytes;
  }
}
