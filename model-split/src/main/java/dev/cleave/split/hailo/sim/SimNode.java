package dev.cleave.split.hailo.sim;

import java.util.List;
import java.util.Objects;

/**
 * One operation of a program for the simulator; its operands go by name.
 *
 * @param operation what is computed
 * @param output the activation that it writes
 * @param inputs activations and constants; an empty name where there is none
 * @param number heads, or the kind of the activation function
 * @param factor of the scores, or epsilon of a norm
 */
record SimNode(Operation operation, String output, List<String> inputs, int number, double factor) {
  /** Operations by their numbers in a model file (SIMULATED-MODEL.md). */
  enum Operation {
    LINEAR(1),
    SCORES(2),
    SOFTMAX(3),
    MIX(4),
    RMS_NORM(5),
    LAYER_NORM(6),
    ADD(7),
    MULTIPLY(8),
    ACTIVATION(9);

    private final int code;

    Operation(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }
  }

  SimNode {
    Objects.requireNonNull(operation, "operation");
    Objects.requireNonNull(output, "output");
    inputs = List.copyOf(inputs);
  }

  String input(int index) {
    return index < inputs.size() ? inputs.get(index) : "";
  }
}
