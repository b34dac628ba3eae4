package dev.cleave.split.torch;

import dev.cleave.split.block.CanonicalTensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gives every packed weight its place in the program's list, in the order in which the program text
 * first names it. Confined to one emission.
 */
final class WeightPlan {
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();
  private final Map<List<Object>, String> places = new LinkedHashMap<>();
  private final List<PackedWeight> weights = new ArrayList<>();

  WeightPlan(List<CanonicalTensors.Tensor> tensors) {
    for (CanonicalTensors.Tensor tensor : tensors) {
      shapes.put(tensor.name(), tensor.shape());
    }
  }

  /** Whether the description has this tensor. */
  boolean has(String name) {
    return shapes.containsKey(name);
  }

  /** The expression for the joined tensors of these names. */
  String place(PackedWeight.Kind kind, String... names) {
    return places.computeIfAbsent(
        List.of(kind, List.of(names)),
        _ -> {
          List<PackedWeight.Part> parts = new ArrayList<>();
          for (String name : names) {
            parts.add(new PackedWeight.Part(Optional.of(name), shape(name)));
          }
          return add(kind, parts);
        });
  }

  /**
   * The expression for the joined biases of these linears, zeros where one has none, or {@code
   * None} when none of them has one.
   */
  String bias(PackedWeight.Kind kind, String... linears) {
    List<PackedWeight.Part> parts = new ArrayList<>();
    boolean any = false;
    for (String linear : linears) {
      String bias = linear + ".bias";
      boolean present = shapes.containsKey(bias);
      any |= present;
      parts.add(
          new PackedWeight.Part(
              present ? Optional.of(bias) : Optional.empty(),
              List.of(shape(linear + ".weight").getFirst())));
    }
    if (!any) {
      return "None";
    }
    return places.computeIfAbsent(List.of("bias", List.of(linears)), _ -> add(kind, parts));
  }

  List<PackedWeight> weights() {
    return List.copyOf(weights);
  }

  private String add(PackedWeight.Kind kind, List<PackedWeight.Part> parts) {
    weights.add(new PackedWeight(kind, parts));
    return "w[" + (weights.size() - 1) + "]";
  }

  private List<Long> shape(String name) {
    List<Long> shape = shapes.get(name);
    if (shape == null) {
      throw new IllegalStateException("the description has no tensor " + name);
    }
    return shape;
  }
}
