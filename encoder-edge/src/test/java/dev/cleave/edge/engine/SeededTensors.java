package dev.cleave.edge.engine;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;

/** Random weights for any stack: norms near 1, everything else of a size that keeps it lively. */
final class SeededTensors {
  private SeededTensors() {}

  static List<TensorData> of(StackSpec stack, long seed, Arena arena) {
    Random random = new Random(seed);
    return CanonicalTensors.ofStack(stack).stream()
        .map(tensor -> {
          long count = tensor.elements();
          MemorySegment bytes = arena.allocate(count * Float.BYTES, Float.BYTES);
          boolean norm = tensor.name().contains("norm") && tensor.name().endsWith("weight");
          double scale = tensor.shape().size() == 1 ? 0.2 : 1.2 / Math.sqrt(tensor.shape().get(1));
          for (long i = 0; i < count; i++) {
            double value = random.nextGaussian() * scale + (norm ? 1 : 0);
            bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
          }
          return new TensorData(tensor.name(), DType.F32, tensor.shape(), bytes);
        })
        .toList();
  }
}
