package dev.cleave.split.family;

import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Marian's position table: sines in the first half of a row, cosines in the second, computed in f64
 * and rounded once, as the reference implementation does.
 */
final class Sinusoids {
  private Sinusoids() {}

  static TensorData table(String name, int positions, int width, Arena arena) {
    MemorySegment memory = arena.allocate((long) positions * width * Float.BYTES, 64);
    int sines = (width + 1) / 2;
    for (int p = 0; p < positions; p++) {
      for (int j = 0; j < width; j++) {
        int pair = j / 2;
        double angle = p / Math.pow(10_000, 2.0 * pair / width);
        // Even columns feed the sines in order, odd ones the cosines.
        int column = j % 2 == 0 ? pair : sines + pair;
        float value = (float) (j % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
        memory.setAtIndex(ValueLayout.JAVA_FLOAT, (long) p * width + column, value);
      }
    }
    return new TensorData(name, DType.F32, List.of((long) positions, (long) width), memory);
  }
}
