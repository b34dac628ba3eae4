package dev.cleave.server.engine;

import java.nio.FloatBuffer;

/**
 * Computes the decoder half for up to {@link DecoderShape#slots()} sessions, each with its KV in
 * one slot.
 *
 * <p>Confined to one owner thread from the first call of {@link #prefill} on; {@link #shape()}
 * alone may be called from any thread. The active sessions of a step occupy the slots {@code [0,
 * batch)}, so that a step works on views of the cache and copies nothing; who owns the engine keeps
 * them dense with {@link #copySlot}.
 *
 * <p>Row {@code r} of a step depends on slot {@code r} alone: batching never changes what a session
 * computes beyond the order of floating point sums.
 *
 * <p>All methods throw {@link EngineException} when the computation fails; the slots named in the
 * call are then undefined until cleared, the others are untouched.
 */
public interface DecoderEngine extends AutoCloseable {

  /** The fixed sizes; thread-safe. */
  DecoderShape shape();

  /**
   * Computes and stores the cross-attention K and V of a prompt, and makes the slot ready for its
   * position 0.
   *
   * @param slot in {@code [0, slots)}
   * @param hidden direct buffer of the boundary tensor, f32 native order {@code [positions, width]}
   *     from its position on; borrowed until return, its position does not move
   * @param positions in {@code [1, maxSource]}
   */
  void prefill(int slot, FloatBuffer hidden, int positions);

  /**
   * One decode step of the slots {@code [0, batch)}.
   *
   * @param batch in {@code [1, slots]}
   * @param tokens the token to feed to each slot, {@code [batch]} (longer arrays are allowed)
   * @param positions the decoder position of each of those tokens, 0-based, {@code [batch]}; below
   *     {@code maxNewTokens}
   * @param wantLogits whether {@link StepResult#logits()} is needed; argmax is always there
   * @return borrowed until the next call on this engine
   */
  StepResult step(int batch, long[] tokens, long[] positions, boolean wantLogits);

  /** Overwrites what the last step left, with the result that was borrowed. */
  void forgetStep();

  /** Copies all KV of slot {@code from}, and its prompt length, into slot {@code to}. */
  void copySlot(int from, int to);

  /** Erases the slot: overwrites its KV with zeros and forgets its prompt length. */
  void clearSlot(int slot);

  /** Frees all memory. Idempotent; nothing else may be called afterwards. */
  @Override
  void close();
}
