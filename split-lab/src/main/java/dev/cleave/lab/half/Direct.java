package dev.cleave.lab.half;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/** Native memory as both engines take it. Stateless. */
final class Direct {
  private Direct() {}

  static LongBuffer longs(Arena arena, int count) {
    return arena
        .allocate((long) count * Long.BYTES, ValueLayout.JAVA_LONG.byteAlignment())
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asLongBuffer();
  }

  static FloatBuffer floats(Arena arena, int count) {
    return arena
        .allocate((long) count * Float.BYTES, 64)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }
}
