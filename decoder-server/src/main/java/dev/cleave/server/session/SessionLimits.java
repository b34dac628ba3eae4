package dev.cleave.server.session;

import java.time.Duration;

/**
 * What admission and validation hold a session to. Immutable.
 *
 * @param maxSessions sessions admitted at once; each owns one KV slot from Open to its end
 * @param maxPromptPositions the most positions one prompt may announce
 * @param maxNewTokens the most tokens one session may ask for
 * @param maxPositionsPerFrame the most positions one Hidden frame may carry
 * @param promptBufferBytes memory for the hidden states of all prompts that are not yet prefilled
 * @param allowLogits whether a session may ask for logits
 * @param idleTimeout how long a client may keep the server waiting: for its next message before
 *     EndOfPrompt, and for reading tokens after the last one was computed
 */
public record SessionLimits(
    int maxSessions,
    int maxPromptPositions,
    int maxNewTokens,
    int maxPositionsPerFrame,
    long promptBufferBytes,
    boolean allowLogits,
    Duration idleTimeout) {

  public SessionLimits {
    requirePositive("maxSessions", maxSessions);
    requirePositive("maxPromptPositions", maxPromptPositions);
    requirePositive("maxNewTokens", maxNewTokens);
    requirePositive("maxPositionsPerFrame", maxPositionsPerFrame);
    requirePositive("promptBufferBytes", promptBufferBytes);
    requirePositive("idleTimeout in nanoseconds", idleTimeout.toNanos());
  }

  private static void requirePositive(String name, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, got " + value);
    }
  }
}
