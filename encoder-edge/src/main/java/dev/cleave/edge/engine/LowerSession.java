package dev.cleave.edge.engine;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/**
 * One session on a {@link LowerEngine}: its KV cache and how far it is filled. Confined to one
 * thread at a time.
 */
public interface LowerSession extends AutoCloseable {
  /** Positions computed so far. */
  int length();

  /** Positions there is room for. */
  int capacity();

  /**
   * Computes the boundary tensor of the next positions. Chunks of any length give what one call
   * with all of them gives. Both buffers are the caller's and borrowed until return.
   *
   * @param ids token ids {@code [positions]}, direct, native order; {@code remaining()} positions
   * @param hidden receives f32 {@code [positions, width]} from its position on, direct, native
   *     order; its position is left as it was
   * @throws dev.cleave.edge.error.CleaveException when there is no room, or the computation fails
   */
  void append(LongBuffer ids, FloatBuffer hidden);

  /**
   * Forgets all positions from {@code length} on, as when drafts were wrong.
   *
   * @param length in {@code [0, length()]}
   */
  void truncate(int length);

  /** Overwrites the KV cache with zeros and frees it. Idempotent. */
  @Override
  void close();
}
