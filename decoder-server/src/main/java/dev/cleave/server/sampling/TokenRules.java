package dev.cleave.server.sampling;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint's generation defaults say about single tokens. Immutable.
 *
 * @param startTokenId fed to the decoder at position 0
 * @param eosTokenIds end the answer, and are not part of it
 * @param forcedBosTokenId the token at answer position 0 whatever the logits say
 * @param forcedEosTokenId the token at the last allowed position whatever the logits say
 * @param suppressedTokenIds never chosen
 */
public record TokenRules(
    int startTokenId,
    Set<Integer> eosTokenIds,
    @Nullable Integer forcedBosTokenId,
    @Nullable Integer forcedEosTokenId,
    Set<Integer> suppressedTokenIds) {

  public TokenRules {
    eosTokenIds = Set.copyOf(eosTokenIds);
    suppressedTokenIds = Set.copyOf(suppressedTokenIds);
    if (startTokenId < 0) {
      throw new IllegalArgumentException("start token id must not be negative: " + startTokenId);
    }
  }

  /** Rules with a start token and end tokens only. */
  public static TokenRules of(int startTokenId, Set<Integer> eosTokenIds) {
    return new TokenRules(startTokenId, eosTokenIds, null, null, Set.of());
  }

  /** Checks that every id fits a vocabulary. */
  public void requireWithin(int vocabulary) {
    requireId("start", startTokenId, vocabulary);
    eosTokenIds.forEach(id -> requireId("end", id, vocabulary));
    suppressedTokenIds.forEach(id -> requireId("suppressed", id, vocabulary));
    if (forcedBosTokenId != null) {
      requireId("forced first", forcedBosTokenId, vocabulary);
    }
    if (forcedEosTokenId != null) {
      requireId("forced last", forcedEosTokenId, vocabulary);
    }
    if (suppressedTokenIds.size() >= vocabulary) {
      throw new IllegalArgumentException("every token is suppressed");
    }
  }

  private static void requireId(String role, int id, int vocabulary) {
    if (id < 0 || id >= vocabulary) {
      throw new IllegalArgumentException(
          role + " token id must be in [0, " + vocabulary + "), got " + id);
    }
  }
}
