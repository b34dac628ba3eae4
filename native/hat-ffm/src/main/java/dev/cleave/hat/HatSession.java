package dev.cleave.hat;

import java.time.Duration;

/**
 * A model that is ready to run. Thread-safe. Buffers belong to the session: a caller takes a {@link
 * HatFrame}, fills its inputs, runs it, reads its outputs and gives it back by closing it.
 */
public interface HatSession extends AutoCloseable {
  /** Transfers that can be under way at once, at least 1. */
  int queueSize();

  /**
   * A frame with buffers for every edge, zeroed or as the last user left it. Waits for none: there
   * are as many as are asked for.
   */
  HatFrame frame();

  /**
   * Runs one frame: waits for room, sends, waits for the end, under one deadline. After a time-out
   * the frame is kept apart until its transfer has really ended, and its buffers must not be used.
   *
   * @throws HatException with its category: what to do next
   */
  void run(HatFrame frame, Duration timeout);

  /**
   * Launches a frame without waiting for its end.
   *
   * @param timeout for room in the queue
   */
  HatTransfer start(HatFrame frame, Duration timeout);

  /**
   * Shuts down, waits until nothing touches a buffer any more and frees them. Idempotent. Succeeds
   * though the connection is lost.
   */
  @Override
  void close();
}
