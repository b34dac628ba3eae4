package dev.cleave.split.family;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.CausalSpec;
import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * A decoder-only checkpoint, understood and not yet cut: its description, and where each of its
 * tensors comes from. Lives no longer than the checkpoint. Confined to one thread.
 */
public final class CausalModel implements FamilyModel {
  private final CausalSpec spec;
  private final Map<String, PlannedTensor> tensors;
  private final int maxPositions;
  private final CausalGeneration generation;

  CausalModel(
      CausalSpec spec,
      Map<String, PlannedTensor> tensors,
      int maxPositions,
      CausalGeneration generation) {
    this.spec = spec;
    this.tensors = Map.copyOf(tensors);
    this.maxPositions = maxPositions;
    this.generation = generation;
  }

  /** All layers and the head. */
  public CausalSpec spec() {
    return spec;
  }

  /** The longest context. */
  public int maxPositions() {
    return maxPositions;
  }

  /** How the checkpoint wants to be decoded. */
  public CausalGeneration generation() {
    return generation;
  }

  /**
   * The tensors of a half.
   *
   * @param wanted those of {@link CanonicalTensors#ofStack} of the lower layers, or of {@link
   *     CanonicalTensors#ofUpper}
   * @param arena owns those that have to be computed; the others are borrowed from the checkpoint
   * @param read told the bytes of each as if it were f32
   * @return in the order of {@code wanted}
   */
  public List<TensorData> read(
      List<CanonicalTensors.Tensor> wanted, Arena arena, LongConsumer read) {
    List<TensorData> data = new ArrayList<>();
    for (CanonicalTensors.Tensor tensor : wanted) {
      PlannedTensor planned = tensors.get(tensor.name());
      if (planned == null) {
        throw new IllegalArgumentException("no tensor " + tensor.name());
      }
      data.add(planned.read(arena));
      read.accept(Float.BYTES * tensor.elements());
    }
    return data;
  }
}
