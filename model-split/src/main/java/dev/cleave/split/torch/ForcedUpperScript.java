package dev.cleave.split.torch;

import java.util.List;

/**
 * The server half of a decoder-only model made to read a whole text at once, as a TorchScript
 * program: without a cache, in plain f32, so that a gradient passes. Immutable and thread-safe.
 *
 * <p>Whoever loads it calls for every entry of {@link #weights()} its {@link
 * PackedWeight.Kind#method()} and then {@code prepare()}; then, on one thread,
 *
 * <pre>
 * logits(hidden [positions, width] f32, rows [n] i64, out [n, vocabulary] f32)
 * forward(hidden, rows, targets [n] i64, gradient [positions, width] f32)
 * </pre>
 *
 * {@code forward} is to be run outside of inference mode. It returns the sum over the rows of the
 * logarithm of the probability of the row's target, and writes the gradient of that sum by {@code
 * hidden}. It never holds the logits of more than {@link ForcedUpperEmitter#HEAD_ROWS} rows. All
 * tensors live on the CPU.
 */
public final class ForcedUpperScript {
  static final List<String> TENSOR_LISTS = List.of("weights", "state");

  private final String text;
  private final List<PackedWeight> weights;

  ForcedUpperScript(String text, List<PackedWeight> weights) {
    this.text = text;
    this.weights = List.copyOf(weights);
  }

  /** The program. */
  public String text() {
    return text;
  }

  /** What is to be packed, in order. */
  public List<PackedWeight> weights() {
    return weights;
  }

  /** The program as libtorch's loader takes it. */
  public byte[] archive() {
    return TorchArchive.of(text, TENSOR_LISTS);
  }
}
