package dev.cleave.split.onnx;

import static dev.cleave.split.onnx.OnnxGraph.attribute;

import ai.onnx.proto.OnnxMl;
import dev.cleave.split.checkpoint.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * How weights lie in the file, and the nodes that read them so. Confined to one thread, like the
 * graph it adds to.
 */
final class StoredWeights {
  /**
   * The runtime also rounds the linears' inputs, to 8 bits in blocks of their own. Without that a
   * step is 2.5 times as slow with 4 bits, and 30 times with 8.
   */
  private static final int ACCURACY_LEVEL = 4;

  private final OnnxGraph graph;
  private final DevicePrecision precision;
  private final Map<String, List<Long>> rounded = new HashMap<>();

  StoredWeights(OnnxGraph graph, DevicePrecision precision) {
    this.graph = graph;
    this.precision = precision;
  }

  /** Adds a tensor as it is, in f32. */
  void add(ExternalData data, TensorData tensor) throws IOException {
    graph.initializer(data.add(tensor));
  }

  /** Adds the weight of a linear. */
  void addLinear(ExternalData data, TensorData tensor, LongConsumer done) throws IOException {
    int bits = bits();
    if (bits == Float.SIZE) {
      add(data, tensor);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      add(data, tensor, BlockQuantizer.linear(tensor, bits, arena, done));
    }
  }

  /** Adds a table whose rows are looked up. */
  void addTable(ExternalData data, TensorData tensor, LongConsumer done) throws IOException {
    if (bits() == Float.SIZE) {
      add(data, tensor);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      add(data, tensor, BlockQuantizer.table(tensor, arena, done));
    }
  }

  private void add(ExternalData data, TensorData tensor, BlockQuantizer.Quantized quantized)
      throws IOException {
    rounded.put(tensor.name(), tensor.shape());
    graph.initializer(data.addDerived(quantized.codes()));
    graph.initializer(data.addDerived(quantized.scales()));
    TensorData zeros = quantized.zeros();
    if (zeros != null) {
      graph.initializer(data.addDerived(zeros));
    }
  }

  private int bits() {
    return switch (precision) {
      case F32 -> Float.SIZE;
      case INT8 -> 8;
      case INT4 -> 4;
    };
  }

  /** {@code x W^T + b} for the weight and bias of this name, x {@code [rows, in]}. */
  String linear(String name, String x, boolean bias) {
    String weight = name + ".weight";
    List<Long> shape = rounded.get(weight);
    if (shape == null) {
      List<OnnxMl.AttributeProto> transposed = List.of(attribute("transB", 1));
      return bias
          ? graph.node("Gemm", transposed, x, weight, name + ".bias")
          : graph.node("Gemm", transposed, x, weight);
    }
    List<String> inputs = new ArrayList<>(List.of(x, weight + ".codes", weight + ".scales"));
    inputs.add(bits() == 4 ? weight + ".zeros" : "");
    if (bias) {
      inputs.addAll(List.of("", name + ".bias"));
    }
    return graph.runtimeNode(
        "MatMulNBits",
        List.of(
            attribute("N", shape.get(0)),
            attribute("K", shape.get(1)),
            attribute("bits", bits()),
            attribute("block_size", BlockQuantizer.BLOCK),
            attribute("accuracy_level", ACCURACY_LEVEL)),
        inputs.toArray(String[]::new));
  }

  /** The rows of a table. */
  String rows(String table, String ids) {
    return rounded.containsKey(table)
        ? graph.runtimeNode(
            "GatherBlockQuantized",
            List.of(
                attribute("bits", 8),
                attribute("block_size", BlockQuantizer.BLOCK),
                attribute("gather_axis", 0),
                attribute("quantize_axis", 1)),
            table + ".codes",
            ids,
            table + ".scales")
        : graph.node("Gather", table, ids);
  }
}
