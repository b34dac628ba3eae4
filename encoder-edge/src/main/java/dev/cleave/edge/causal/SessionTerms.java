package dev.cleave.edge.causal;

import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.v1.Open;

/**
 * What a stream is opened with. Turns that need another {@code Open} need another stream.
 *
 * @param open sent to the server; its room is the session's
 * @param codec of the frames, which {@code open} names
 * @param vocabulary ids of tokens are below this
 */
public record SessionTerms(Open open, StreamCodec codec, int vocabulary) {
  /** Room for a message beside its logits. */
  private static final int MESSAGE_BYTES = 64 << 10;

  public SessionTerms {
    if (open.getPromptPositions() < 1 || open.getStepPositions() < 1) {
      throw new IllegalArgumentException(
          "a session has room for at least 1 position, and so has a step: %d and %d"
              .formatted(open.getPromptPositions(), open.getStepPositions()));
    }
  }

  /** Positions there is room for: prompts and answers of all turns. */
  int positions() {
    return open.getPromptPositions();
  }

  /** The most positions of one step, drafts included. */
  int stepPositions() {
    return open.getStepPositions();
  }

  /** Bytes of logits that come with each id. */
  int logitsBytes() {
    return open.getWantLogits() ? Math.multiplyExact(vocabulary, Float.BYTES) : 0;
  }

  /** The largest message to accept. */
  int maxMessageBytes() {
    return Math.addExact(MESSAGE_BYTES, Math.multiplyExact(stepPositions(), logitsBytes()));
  }
}
