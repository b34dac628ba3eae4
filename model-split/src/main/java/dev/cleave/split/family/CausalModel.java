package dev.cleave.split.family;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.CausalSpec;
import dev.cleave.split.checkpoint.TensorData;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A decoder-only checkpoint, understood: its description and every tensor under its canonical name,
 * not yet cut.
 *
 * @param spec all layers and the head
 * @param tensors those of {@link CanonicalTensors#ofCausal}; memory borrowed from the checkpoint
 * @param maxPositions the longest context
 * @param generation how the checkpoint wants to be decoded
 */
public record CausalModel(
    CausalSpec spec, List<TensorData> tensors, int maxPositions, CausalGeneration generation)
    implements FamilyModel {
  public CausalModel {
    tensors = List.copyOf(tensors);
  }

  /** The device half's tensors when it has {@code at} layers, in canonical order. */
  public List<TensorData> lower(int at) {
    return pick(CanonicalTensors.ofStack(spec.lower(at)));
  }

  /** The server half's tensors when the device has {@code at} layers, in canonical order. */
  public List<TensorData> upper(int at) {
    return pick(CanonicalTensors.ofUpper(spec.upper(at)));
  }

  private List<TensorData> pick(List<CanonicalTensors.Tensor> wanted) {
    Map<String, TensorData> byName = new HashMap<>();
    tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
    List<TensorData> picked = new ArrayList<>();
    for (CanonicalTensors.Tensor tensor : wanted) {
      TensorData data = byName.get(tensor.name());
      if (data == null) {
        throw new IllegalStateException("no tensor " + tensor.name());
      }
      picked.add(data);
    }
    return picked;
  }
}
