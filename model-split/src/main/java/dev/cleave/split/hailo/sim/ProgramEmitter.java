package dev.cleave.split.hailo.sim;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.ResidualBlock;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.hailo.sim.SimNode.Operation;
import dev.cleave.split.onnx.BucketEmitter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Turns an encoder's description into a program for the simulator, the same for every length.
 * Confined to one thread.
 */
final class ProgramEmitter {
  /** The attention's bias, a constant of each length. */
  static final String BIAS = "relative_bias";

  private final StackSpec stack;
  private final List<SimNode> nodes = new ArrayList<>();

  private ProgramEmitter(StackSpec stack) {
    this.stack = stack;
  }

  static List<SimNode> emit(StackSpec stack) {
    ProgramEmitter emitter = new ProgramEmitter(stack);
    emitter.body();
    return List.copyOf(emitter.nodes);
  }

  private void body() {
    String x = BucketEmitter.EMBEDDINGS;
    ResidualBlock block =
        new ResidualBlock(
            this::norm,
            this::attention,
            this::mlp,
            (value, more) -> add(Operation.ADD, 0, 0, value, more));
    for (int n = 0; n < stack.layers(); n++) {
      x = block.emit(stack.block(), "layers." + n + ".", x);
    }
    if (stack.finalNorm().isPresent()) {
      norm(stack.finalNorm().get(), "norm", x);
    }
    SimNode last = nodes.removeLast();
    nodes.add(
        new SimNode(
            last.operation(), BucketEmitter.OUTPUT, last.inputs(), last.number(), last.factor()));
  }

  private String add(Operation operation, int number, double factor, String... inputs) {
    String output = operation.name().toLowerCase(Locale.ROOT) + "_" + nodes.size();
    nodes.add(new SimNode(operation, output, List.of(inputs), number, factor));
    return output;
  }

  private String attention(String prefix, String x) {
    AttentionSpec self = stack.block().self();
    String q = linear(prefix + ".q", x, self.bias().query());
    String k = linear(prefix + ".k", x, self.bias().key());
    String v = linear(prefix + ".v", x, self.bias().value());
    String scores = add(Operation.SCORES, self.heads(), self.scale(), q, k);
    String bias = self.relativeBias().isPresent() ? BIAS : "";
    String shares = add(Operation.SOFTMAX, 0, 0, scores, bias, BucketEmitter.MASK);
    return linear(prefix + ".o", add(Operation.MIX, 0, 0, shares, v), self.bias().out());
  }

  private String linear(String name, String x, boolean bias) {
    return add(Operation.LINEAR, 0, 0, x, name + ".kernel", bias ? name + ".bias" : "");
  }

  private String mlp(MlpSpec mlp, String prefix, String x) {
    String up = linear(prefix + ".up", x, mlp.bias());
    int kind = kind(mlp.activation());
    String inner;
    if (mlp.gated()) {
      String gate = linear(prefix + ".gate", x, mlp.bias());
      inner = add(Operation.MULTIPLY, 0, 0, add(Operation.ACTIVATION, kind, 0, gate), up);
    } else {
      inner = add(Operation.ACTIVATION, kind, 0, up);
    }
    return linear(prefix + ".down", inner, mlp.bias());
  }

  private static int kind(MlpSpec.Activation activation) {
    return switch (activation) {
      case RELU -> 1;
      case GELU -> 2;
      case GELU_TANH -> 3;
      case SILU -> 4;
    };
  }

  private String norm(NormSpec norm, String name, String x) {
    return norm.hasBias()
        ? add(Operation.LAYER_NORM, 0, norm.epsilon(), x, name + ".weight", name + ".bias")
        : add(Operation.RMS_NORM, 0, norm.epsilon(), x, name + ".weight");
  }
}
