package dev.cleave.server.engine;

import java.nio.FloatBuffer;

/**
 * What one decode step computed. Belongs to the engine and is valid until its next call; confined
 * to the engine's owner thread.
 */
public interface StepResult {

  /** Rows of this result: the batch of the step. */
  int batch();

  /** The vocabulary entry with the largest logit of {@code row}; the lowest id wins a tie. */
  int argmax(int row);

  /**
   * The logits, f32 {@code [batch, vocabulary]} from index 0, borrowed until the engine's next
   * call.
   *
   * @throws IllegalStateException when the step was run without {@code wantLogits}
   */
  FloatBuffer logits();
}
