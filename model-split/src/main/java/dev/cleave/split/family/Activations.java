package dev.cleave.split.family;

import dev.cleave.split.block.MlpSpec.Activation;
import dev.cleave.split.error.CheckpointRefused;

/** The names that configs give to activations. */
final class Activations {
  private Activations() {}

  static Activation named(String subject, String name) {
    return switch (name) {
      case "relu" -> Activation.RELU;
      case "gelu", "gelu_python" -> Activation.GELU;
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh" -> Activation.GELU_TANH;
      case "silu", "swish" -> Activation.SILU;
      default ->
          throw new CheckpointRefused(
              subject, "activation " + name + " is not known; known: relu, gelu, gelu_new, silu");
    };
  }
}
