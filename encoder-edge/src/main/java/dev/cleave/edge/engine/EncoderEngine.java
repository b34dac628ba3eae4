package dev.cleave.edge.engine;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/**
 * Runs the device half of a model: the seam between the SDK and what computes. Implementations are
 * thread-safe; made by whoever also closes them.
 */
public interface EncoderEngine extends AutoCloseable {
  /** What computes, for the receipt: {@code ort}, {@code hat}, {@code hat-sim}. */
  String name();

  /** Elements of the boundary tensor per position. */
  int width();

  /** The longest input, in positions. */
  int maxPositions();

  /**
   * Computes the boundary tensor of one input. Both buffers are the caller's and borrowed until
   * return; the engine reads and writes them in place.
   *
   * @param ids token ids {@code [positions]}, direct, native order; {@code remaining()} positions
   * @param hidden receives f32 {@code [positions, width]} from its position on, direct, native
   *     order; its position is left as it was
   * @throws dev.cleave.edge.error.CleaveException when the input is empty or longer than {@link
   *     #maxPositions()}, or when the computation fails
   */
  void encode(LongBuffer ids, FloatBuffer hidden);

  /** Waits for what is being encoded and frees the engine; {@code encode} fails from then on. */
  @Override
  void close();
}
