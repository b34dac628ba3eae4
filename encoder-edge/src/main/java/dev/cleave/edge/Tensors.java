package dev.cleave.edge;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/** Direct buffers in native order that live as long as an arena. */
final class Tensors {
  /** The alignment that vector instructions like. */
  private static final long ALIGNMENT_BYTES = 64;

  private Tensors() {}

  static FloatBuffer floats(Arena arena, long elements) {
    return arena
        .allocate(elements * ValueLayout.JAVA_FLOAT.byteSize(), ALIGNMENT_BYTES)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  static LongBuffer longs(Arena arena, long elements) {
    return arena
        .allocate(elements * ValueLayout.JAVA_LONG.byteSize(), ALIGNMENT_BYTES)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asLongBuffer();
  }
}
