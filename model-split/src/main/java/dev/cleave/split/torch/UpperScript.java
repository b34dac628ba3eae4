package dev.cleave.split.torch;

import java.util.List;

/**
 * The server half of a decoder-only model as a TorchScript program. Immutable and thread-safe.
 *
 * <p>Whoever loads it calls, in this order: for every entry of {@link #weights()} its {@link
 * PackedWeight.Kind#method()}, then {@code prepare()}; from then on, on one thread,
 *
 * <pre>
 * allocate(slot: int, positions: int)
 * step_one(slot: int, start: int, hidden [1, width] f32, out..., answer: bool)
 * step_many(segments: int[4 n], hidden [rows, width] f32, places [rows] i64, answered [a] i64, out...)
 * free(slot: int, positions: int)
 *
 * segments   of each: slot, position of its first row, rows, and one past its last row's position
 * places     the position of every row
 * answered   the rows whose logits are computed, ascending; none of them is 0 long
 * out        top [>= a] i64, logits [>= a, vocabulary] f32, want: bool
 * </pre>
 *
 * All return an int without a meaning. Tensor arguments live on the CPU; {@code top} and, when
 * wanted, {@code logits} are written in their first a rows. {@code step_one} is for one row in all.
 * {@code free} erases the first positions, which are to be those that were written.
 */
public final class UpperScript {
  static final List<String> TENSOR_LISTS = List.of("weights", "scales", "kv", "state");

  private final String text;
  private final List<PackedWeight> weights;
  private final long kvBytesPerPosition;

  UpperScript(String text, List<PackedWeight> weights, long kvBytesPerPosition) {
    this.text = text;
    this.weights = List.copyOf(weights);
    this.kvBytesPerPosition = kvBytesPerPosition;
  }

  /** The program. */
  public String text() {
    return text;
  }

  /** What is to be packed, in order. */
  public List<PackedWeight> weights() {
    return weights;
  }

  /** Bytes of K and V of one position in all layers. */
  public long kvBytesPerPosition() {
    return kvBytesPerPosition;
  }

  /** The program as libtorch's loader takes it. */
  public byte[] archive() {
    return TorchArchive.of(text, TENSOR_LISTS);
  }
}
