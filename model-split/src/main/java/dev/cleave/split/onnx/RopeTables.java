package dev.cleave.split.onnx;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Cosine and sine of every position's angles, {@code [positions, pairs]}, from angles in f32 as the
 * reference implementation has them.
 *
 * @param cos f32, of whoever made the arena
 * @param sin likewise
 */
record RopeTables(TensorData cos, TensorData sin) {
  static RopeTables of(AttentionSpec.Rope rope, int positions, Arena arena) {
    float[] frequencies = rope.inverseFrequencies();
    int pairs = frequencies.length;
    long elements = Math.multiplyExact((long) positions, pairs);
    MemorySegment cos = arena.allocate(elements * Float.BYTES, Float.BYTES);
    MemorySegment sin = arena.allocate(elements * Float.BYTES, Float.BYTES);
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < pairs; i++) {
        float angle = p * frequencies[i];
        long at = (long) p * pairs + i;
        cos.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) Math.cos(angle));
        sin.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) Math.sin(angle));
      }
    }
    List<Long> shape = List.of((long) positions, (long) pairs);
    return new RopeTables(
        new TensorData("rope.cos", DType.F32, shape, cos),
        new TensorData("rope.sin", DType.F32, shape, sin));
  }
}
