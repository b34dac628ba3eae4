package dev.cleave.split.torch;

import java.util.List;

/**
 * A decoder that is made to read a whole answer at once, as a TorchScript program: without a cache,
 * in plain f32, so that a gradient passes. Immutable and thread-safe.
 *
 * <p>Whoever loads it calls for every entry of {@link #weights()} its {@link
 * PackedWeight.Kind#method()}; then, on one thread,
 *
 * <pre>
 * logits(hidden, lengths, inputs, out [rows, tokens, vocabulary] f32)
 * forward(hidden, lengths, inputs, targets [rows, tokens] i64, gradient [rows, positions, width] f32)
 *
 * hidden  [rows, positions, width] f32     what lies behind a row's length does not matter
 * lengths [rows] i64                       prompt positions of each row, at least 1
 * inputs  [rows, tokens] i64               behind a row's own tokens any that the vocabulary has
 * </pre>
 *
 * {@code forward} is to be run outside of inference mode. It returns the sum over all rows of the
 * logarithm of the probability of each target, those below 0 left out, and writes the gradient of
 * that sum by {@code hidden}; behind a row's length it is 0. All tensors live on the CPU.
 */
public final class ForcedScript {
  static final List<String> TENSOR_LISTS = List.of("weights");

  private final String text;
  private final List<PackedWeight> weights;

  ForcedScript(String text, List<PackedWeight> weights) {
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
