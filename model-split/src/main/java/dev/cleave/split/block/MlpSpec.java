package dev.cleave.split.block;

import java.util.Objects;

/**
 * The feed-forward part: {@code down(act(up(x)))}, or gated {@code down(act(gate(x)) * up(x))}.
 *
 * @param inner rows of up and gate, columns of down
 * @param gated whether there is a gate
 * @param activation applied to up, or to gate where there is one
 * @param bias whether every one of the linears has a bias
 */
public record MlpSpec(int inner, boolean gated, Activation activation, boolean bias) {
  /** An activation, by its formula. */
  public enum Activation {
    /** {@code max(x, 0)}. */
    RELU,
    /** {@code x * Phi(x)} by the error function: "gelu". */
    GELU,
    /** {@code x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}: "gelu_new". */
    GELU_TANH,
    /** {@code x * sigmoid(x)}: "silu", "swish". */
    SILU
  }

  public MlpSpec {
    Sizes.atLeastOne("inner", inner);
    Objects.requireNonNull(activation, "activation");
  }
}
