package dev.cleave.split.family;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.function.Function;

/**
 * A tensor that was found in a checkpoint, in the right shape, and not read yet: some have to be
 * computed, and most go into one half alone.
 *
 * @param tensor canonical name and shape
 * @param source gives it under whatever name; what it computes lies in the arena's memory
 */
record PlannedTensor(CanonicalTensors.Tensor tensor, Function<Arena, TensorData> source) {
  PlannedTensor {
    Objects.requireNonNull(tensor, "tensor");
    Objects.requireNonNull(source, "source");
  }

  TensorData read(Arena arena) {
    return source.apply(arena).as(tensor.name(), tensor.shape());
  }
}
