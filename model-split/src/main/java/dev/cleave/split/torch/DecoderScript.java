package dev.cleave.split.torch;

import java.util.List;

/**
 * A decoder as a TorchScript program. Immutable and thread-safe.
 *
 * <p>Whoever loads it calls, in this order: for every entry of {@link #weights()} its {@link
 * PackedWeight.Kind#method()}, then {@code allocate()}; from then on, on one thread,
 *
 * <pre>
 * prefill(slot: int, hidden: Tensor [positions, width] f32)
 * step_one | step_many(tokens [n] i64, positions [n] i64, top [slots] i64, logits [slots, vocabulary] f32, want: bool)
 * copy_slot(from: int, to: int, positions: int)
 * clear_slot(slot: int, positions: int, prompt: int)
 * </pre>
 *
 * All return an int without a meaning. Tensor arguments live on the CPU; {@code top} and, when
 * wanted, {@code logits} are written in their first n rows. {@code step_one} is for n = 1.
 */
public final class DecoderScript {
  /** The attributes that start as empty lists: weights, KV, and tables that belong to neither. */
  static final List<String> TENSOR_LISTS = List.of("weights", "kv", "state");

  private final String text;
  private final List<PackedWeight> weights;
  private final long kvBytesPerSlot;

  DecoderScript(String text, List<PackedWeight> weights, long kvBytesPerSlot) {
    this.text = text;
    this.weights = List.copyOf(weights);
    this.kvBytesPerSlot = kvBytesPerSlot;
  }

  /** The program. */
  public String text() {
    return text;
  }

  /** What is to be packed, in order. */
  public List<PackedWeight> weights() {
    return weights;
  }

  /** Bytes of self- and cross-attention KV of one slot. */
  public long kvBytesPerSlot() {
    return kvBytesPerSlot;
  }

  /** The program as libtorch's loader takes it. */
  public byte[] archive() {
    return TorchArchive.of(text, TENSOR_LISTS);
  }
}
