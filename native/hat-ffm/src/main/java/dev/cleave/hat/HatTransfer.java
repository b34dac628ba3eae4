package dev.cleave.hat;

import java.time.Duration;

/** A transfer that was launched. Thread-safe. */
public interface HatTransfer {
  /**
   * Waits for the end; the frame's outputs may be read then.
   *
   * @throws HatException when it failed, or did not end in time: then the frame is kept apart
   */
  void await(Duration timeout);

  /** Whether it has ended, well or not. */
  boolean done();
}
