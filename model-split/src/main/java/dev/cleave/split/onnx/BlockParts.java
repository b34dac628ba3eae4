package dev.cleave.split.onnx;

import static dev.cleave.split.onnx.OnnxGraph.attribute;

import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import java.util.List;

/**
 * The parts that blocks of all kinds have in common. Rows are {@code [seq, elements]}, so that
 * every linear is one node on the checkpoint's own {@code [out, in]} layout. Confined to one
 * thread, like the graph it adds to.
 */
final class BlockParts {
  private final OnnxGraph graph;
  private final StoredWeights weights;

  BlockParts(OnnxGraph graph, StoredWeights weights) {
    this.graph = graph;
    this.weights = weights;
  }

  String mlp(MlpSpec mlp, String prefix, String x) {
    String up = weights.linear(prefix + ".up", x, mlp.bias());
    String inner =
        mlp.gated()
            ? graph.node(
                "Mul",
                activation(mlp.activation(), weights.linear(prefix + ".gate", x, mlp.bias())),
                up)
            : activation(mlp.activation(), up);
    return weights.linear(prefix + ".down", inner, mlp.bias());
  }

  private String activation(MlpSpec.Activation activation, String x) {
    return switch (activation) {
      case RELU -> graph.node("Relu", x);
      case GELU -> graph.node("Gelu", List.of(attribute("approximate", "none")), x);
      case GELU_TANH -> graph.node("Gelu", List.of(attribute("approximate", "tanh")), x);
      case SILU -> graph.node("Mul", x, graph.node("Sigmoid", x));
    };
  }

  String layerNorm(NormSpec norm, String name, String x) {
    return graph.node(
        "LayerNormalization",
        List.of(attribute("axis", -1), attribute("epsilon", (float) norm.epsilon())),
        x,
        name + ".weight",
        name + ".bias");
  }

  String scaled(String x, double scale) {
    return scale == 1 ? x : graph.node("Mul", x, graph.constant((float) scale));
  }
}
