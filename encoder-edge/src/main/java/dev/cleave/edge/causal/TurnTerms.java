package dev.cleave.edge.causal;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * What was agreed for one turn; the server knows none of it.
 *
 * @param maxNewTokens the most tokens to answer, at least 1
 * @param endIds ids that end the answer; empty to go on after them
 * @param drafts the most drafts of one step, from 0, which is none, to {@link #MAX_DRAFTS}
 * @param deadline the longest that the turn may take
 */
public record TurnTerms(
    int maxNewTokens, Set<Integer> endIds, int drafts, Optional<Duration> deadline) {
  /** More never pay: the chance that all stand falls with each. */
  public static final int MAX_DRAFTS = 32;

  public TurnTerms {
    endIds = Set.copyOf(endIds);
    if (maxNewTokens < 1) {
      throw new IllegalArgumentException("maxNewTokens must be at least 1, got " + maxNewTokens);
    }
    if (drafts < 0 || drafts > MAX_DRAFTS) {
      throw new IllegalArgumentException(
          "drafts must be from 0 to %d, got %d".formatted(MAX_DRAFTS, drafts));
    }
  }
}
