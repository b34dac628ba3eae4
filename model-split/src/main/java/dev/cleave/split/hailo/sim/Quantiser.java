package dev.cleave.split.hailo.sim;

import dev.cleave.split.block.StackSpec;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.hailo.sim.Ranges.Quantisation;
import dev.cleave.split.onnx.BucketEmitter;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** Writes a program with integers in place of reals, for one length after the other. Immutable. */
final class Quantiser {
  private final StackSpec stack;
  private final List<SimNode> program;
  private final Map<String, Quantisation> quantisations;
  private final SimConstants constants;

  Quantiser(
      StackSpec stack,
      List<SimNode> program,
      Map<String, Quantisation> quantisations,
      SimConstants constants) {
    this.stack = stack;
    this.program = program;
    this.quantisations = quantisations;
    this.constants = constants;
  }

  /**
   * The file of one length.
   *
   * @param bias {@code [heads, positions, positions]}; empty where there is none
   */
  byte[] model(int positions, WeightBits bits, float[] bias) {
    SimFile file = new SimFile();
    file.edge(BucketEmitter.EMBEDDINGS, true);
    file.edge(BucketEmitter.MASK, true);
    file.edge(BucketEmitter.OUTPUT, false);
    activation(file, BucketEmitter.EMBEDDINGS, List.of(positions, stack.width()));
    activation(file, BucketEmitter.MASK, List.of(1, positions));
    if (bias.length > 0) {
      int heads = stack.block().self().heads();
      file.constant(ProgramEmitter.BIAS, bias, List.of(heads, positions, positions));
    }
    for (SimNode node : program) {
      switch (node.operation()) {
        case LINEAR -> linear(file, node, bits);
        case RMS_NORM, LAYER_NORM -> {
          for (String name : node.inputs().subList(1, node.inputs().size())) {
            file.constant(name, constants.values(name), List.of(stack.width()));
          }
        }
        default -> {} // nothing but activations
      }
      activation(file, node.output(), sizes(node, positions));
      file.node(node);
    }
    return file.toBytes();
  }

  private void activation(SimFile file, String name, List<Integer> sizes) {
    file.activation(name, of(name), sizes);
  }

  private Quantisation of(String name) {
    Quantisation found = quantisations.get(name);
    if (found == null) {
      throw new IllegalStateException("nothing measured " + name);
    }
    return found;
  }

  private List<Integer> sizes(SimNode node, int positions) {
    int inner = stack.block().mlp().inner();
    return switch (node.operation()) {
      case SCORES, SOFTMAX -> List.of(stack.block().self().heads(), positions, positions);
      case LINEAR -> List.of(positions, constants.outputs(node.input(1)));
      case MIX -> List.of(positions, stack.block().self().keyValueWidth());
      case MULTIPLY, ACTIVATION -> List.of(positions, inner);
      case ADD, RMS_NORM, LAYER_NORM -> List.of(positions, stack.width());
    };
  }

  private void linear(SimFile file, SimNode node, WeightBits bits) {
    String name = node.input(1);
    float[] kernel = constants.values(name);
    int outputs = constants.outputs(name);
    int inputs = kernel.length / outputs;
    float[] scales = new float[outputs];
    ByteBuffer stored = SimFile.buffer(Math.multiplyExact(kernel.length, bits.bits() / 8));
    for (int out = 0; out < outputs; out++) {
      float largest = 0;
      for (int in = 0; in < inputs; in++) {
        largest = Math.max(largest, Math.abs(kernel[in * outputs + out]));
      }
      scales[out] = largest == 0 ? 1 : largest / bits.most();
      for (int in = 0; in < inputs; in++) {
        int value = (int) Math.rint(kernel[in * outputs + out] / scales[out]);
        int bounded = Math.clamp(value, -bits.most(), bits.most());
        switch (bits) {
          case EIGHT -> stored.put((byte) bounded);
          case SIXTEEN -> stored.putShort((short) bounded);
        }
      }
    }
    file.weights(name, stored.flip(), scales, inputs);
    if (!node.input(2).isEmpty()) {
      file.bias(node.input(2), bias(node, scales));
    }
  }

  /** In units of the products that it is added to. */
  private int[] bias(SimNode node, float[] scales) {
    float[] values = constants.values(node.input(2));
    double unit = of(node.input(0)).scale();
    int[] stored = new int[values.length];
    for (int i = 0; i < stored.length; i++) {
      double value = Math.rint(values[i] / (unit * scales[i]));
      if (Math.abs(value) > Integer.MAX_VALUE) {
        throw new SplitException(
            "compile",
            node.input(2),
            "element %d does not fit in 32 bits beside its row's products".formatted(i));
      }
      stored[i] = (int) value;
    }
    return stored;
  }
}
