package dev.cleave.split.block;

import java.util.Objects;
import java.util.Optional;

/**
 * A whole decoder-only model, which is cut between two of its layers.
 *
 * @param architecture the family, for people: "llama", "qwen2", "qwen3", "mistral", "gpt2"
 * @param stack embedding, all layers, final norm
 * @param head from the final norm to logits
 */
public record CausalSpec(String architecture, StackSpec stack, HeadSpec head) {
  public CausalSpec {
    Objects.requireNonNull(architecture, "architecture");
    Objects.requireNonNull(stack, "stack");
    Objects.requireNonNull(head, "head");
    if (stack.block().cross().isPresent()) {
      throw new IllegalArgumentException("a decoder-only model must have no cross attention");
    }
    if (stack.block().self().relativeBias().isPresent()) {
      throw new IllegalArgumentException("a decoder-only model must have no relative bias");
    }
  }

  /** All layers. */
  public int layers() {
    return stack.layers();
  }

  /**
   * The device half of a cut after {@code at} layers: embedding and layers {@code [0, at)}, no
   * final norm.
   *
   * @param at in {@code [0, layers)}; a stack of 0 layers is the embedding alone
   */
  public StackSpec lower(int at) {
    requireCut(at);
    return new StackSpec(stack.width(), at, stack.embedding(), stack.block(), Optional.empty());
  }

  /** The server half of a cut after {@code at} layers: layers {@code [at, layers)} and head. */
  public UpperSpec upper(int at) {
    requireCut(at);
    return new UpperSpec(
        architecture,
        stack.width(),
        new UpperSpec.Layers(at, layers()),
        stack.block(),
        stack.finalNorm(),
        head);
  }

  private void requireCut(int at) {
    if (at < 0 || at >= layers()) {
      throw new IllegalArgumentException(
          "the cut must be in [0, " + (layers() - 1) + "], was " + at);
    }
  }
}
