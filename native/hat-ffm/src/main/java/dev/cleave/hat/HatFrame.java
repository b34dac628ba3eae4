package dev.cleave.hat;

import java.lang.foreign.MemorySegment;

/**
 * Buffers for one transfer, page aligned, leased from a session. For one thread at a time. {@link
 * #close} gives it back; one whose transfer timed out is given back by its completion instead.
 */
public interface HatFrame extends AutoCloseable {
  /**
   * The buffer of an edge, {@code frameBytes} times the batch, little endian.
   *
   * @throws IllegalArgumentException when there is no such edge
   * @throws IllegalStateException while a transfer has it, after a time-out, and once closed
   */
  MemorySegment buffer(String edge);

  @Override
  void close();
}
