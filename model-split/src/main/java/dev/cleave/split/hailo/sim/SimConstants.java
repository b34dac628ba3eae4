package dev.cleave.split.hailo.sim;

import dev.cleave.split.checkpoint.Weights;
import java.util.HashMap;
import java.util.Map;

/** The weights of a program on the heap, each read once. Confined to one thread. */
final class SimConstants {
  private final Weights weights;
  private final Map<String, float[]> read = new HashMap<>();

  /** The file is borrowed. */
  SimConstants(Weights weights) {
    this.weights = weights;
  }

  /** Row-major; not to be written. */
  float[] values(String name) {
    return read.computeIfAbsent(name, weights::floats);
  }

  /** Columns of a kernel {@code [in, out]}. */
  int outputs(String kernel) {
    return Math.toIntExact(weights.info(kernel).shape().get(1));
  }
}
