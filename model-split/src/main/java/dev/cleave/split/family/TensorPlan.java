package dev.cleave.split.family;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.TensorInfo;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.CheckpointRefused;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Takes tensors out of a checkpoint one by one, and sees to it that in the end each was used once,
 * has the shape the description calls for, and none is left over.
 */
final class TensorPlan {
  private final Weights weights;
  private final Set<String> used = new HashSet<>();

  TensorPlan(Weights weights) {
    this.weights = weights;
  }

  boolean has(String name) {
    return weights.has(name);
  }

  Weights weights() {
    return weights;
  }

  /**
   * The one tensor that a group of names stands for: all that are there must hold equal bytes, and
   * one must be there.
   *
   * @return the first name of the group that is there
   */
  String alias(String... names) {
    String found = null;
    for (String name : names) {
      if (!weights.has(name)) {
        continue;
      }
      used.add(name);
      if (found == null) {
        found = name;
      } else if (!equal(found, name)) {
        throw new CheckpointRefused(
            "tensor " + name, "is tied to " + found + " by the config, but differs from it");
      }
    }
    if (found == null) {
      throw new CheckpointRefused("tensor " + names[0], "missing from the checkpoint");
    }
    return found;
  }

  /** Whether two tensors are of one type and shape and equal byte for byte. */
  boolean equal(String a, String b) {
    TensorInfo first = weights.info(a);
    TensorInfo second = weights.info(b);
    return first.dtype() == second.dtype()
        && first.shape().equals(second.shape())
        && weights.bytes(a).mismatch(weights.bytes(b)) < 0;
  }

  /** A tensor that the reference implementation ignores by name as well. */
  void ignore(String name) {
    if (weights.has(name)) {
      used.add(name);
    }
  }

  /**
   * The tensors that a description lists.
   *
   * @param wanted canonical names and shapes
   * @param sources checkpoint name by canonical name
   * @param computed tensors that come from elsewhere, by canonical name
   */
  List<TensorData> take(
      List<CanonicalTensors.Tensor> wanted,
      Map<String, String> sources,
      Map<String, TensorData> computed) {
    Map<String, String> open = new HashMap<>(sources);
    List<TensorData> taken = new ArrayList<>();
    for (CanonicalTensors.Tensor tensor : wanted) {
      String source = open.remove(tensor.name());
      TensorData own = computed.get(tensor.name());
      if (own != null) {
        taken.add(own);
      } else if (source != null) {
        taken.add(take(tensor, source));
      } else {
        throw new IllegalStateException("no source for " + tensor.name());
      }
    }
    if (!open.isEmpty()) {
      throw new IllegalStateException("the description has no place for " + open.keySet());
    }
    return taken;
  }

  /**
   * The tensors that a description lists, found and left unread.
   *
   * @param wanted canonical names and shapes
   * @param sources checkpoint name by canonical name
   * @param computed tensors that are not in the checkpoint as they are wanted, by canonical name
   */
  Map<String, PlannedTensor> plan(
      List<CanonicalTensors.Tensor> wanted,
      Map<String, String> sources,
      Map<String, PlannedTensor> computed) {
    Map<String, PlannedTensor> planned = new HashMap<>(computed);
    for (CanonicalTensors.Tensor tensor : wanted) {
      String source = sources.get(tensor.name());
      if (source != null) {
        Supplier<TensorData> data = plan(source, tensor.shape());
        planned.put(tensor.name(), new PlannedTensor(tensor, _ -> data.get()));
      } else {
        PlannedTensor own = computed.get(tensor.name());
        if (own == null || !own.tensor().equals(tensor)) {
          throw new IllegalStateException("no source for " + tensor);
        }
      }
    }
    if (planned.size() != wanted.size()) {
      throw new IllegalStateException("the description has no place for some of " + sources);
    }
    return planned;
  }

  /**
   * One tensor, found and left unread.
   *
   * @throws CheckpointRefused when it is not there, of another shape, or no weights
   */
  Supplier<TensorData> plan(String source, List<Long> shape) {
    check(source, shape);
    return () -> weights.data(source);
  }

  private TensorData take(CanonicalTensors.Tensor tensor, String source) {
    check(source, tensor.shape());
    return weights.data(source).as(tensor.name(), tensor.shape());
  }

  private void check(String source, List<Long> shape) {
    TensorInfo info = weights.info(source);
    used.add(source);
    if (!info.dtype().isWeight()) {
      throw new CheckpointRefused(
          "tensor " + source, "is " + info.dtype() + "; only f32, f16 and bf16 are read");
    }
    if (!info.shape().equals(shape) && !isRowOf(info.shape(), shape)) {
      throw new CheckpointRefused(
          "tensor " + source, "has shape " + info.shape() + ", the config calls for " + shape);
    }
  }

  /** final_logits_bias is saved as [1, n]. */
  private static boolean isRowOf(List<Long> shape, List<Long> wanted) {
    return wanted.size() == 1 && shape.equals(List.of(1L, wanted.getFirst()));
  }

  /** Refuses when any tensor of the checkpoint was not used. */
  void finish() {
    List<String> left = weights.names().stream().filter(name -> !used.contains(name)).toList();
    if (!left.isEmpty()) {
      throw new CheckpointRefused(
          "tensor " + left.getFirst(),
          "left over"
              + (left.size() > 1 ? ", with " + (left.size() - 1) + " more" : "")
              + ": the config gives it no place");
    }
  }
}
