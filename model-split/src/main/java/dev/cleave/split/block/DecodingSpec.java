package dev.cleave.split.block;

import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * The token ids that steer decoding.
 *
 * @param startTokenId the first input of the decoder
 * @param eosTokenIds any of these ends the answer
 * @param forcedBosTokenId the only choice at the first step, where set
 * @param forcedEosTokenId the only choice at the last permitted step, where set
 * @param suppressedTokenIds never chosen
 */
public record DecodingSpec(
    int startTokenId,
    List<Integer> eosTokenIds,
    OptionalInt forcedBosTokenId,
    OptionalInt forcedEosTokenId,
    List<Integer> suppressedTokenIds) {
  public DecodingSpec {
    Objects.requireNonNull(forcedBosTokenId, "forcedBosTokenId");
    Objects.requireNonNull(forcedEosTokenId, "forcedEosTokenId");
    eosTokenIds = List.copyOf(eosTokenIds);
    suppressedTokenIds = List.copyOf(suppressedTokenIds);
  }

  /** Throws IllegalArgumentException when an id is not below the vocabulary's size. */
  void checkBelow(int vocabulary) {
    check("startTokenId", startTokenId, vocabulary);
    eosTokenIds.forEach(id -> check("eosTokenIds", id, vocabulary));
    forcedBosTokenId.ifPresent(id -> check("forcedBosTokenId", id, vocabulary));
    forcedEosTokenId.ifPresent(id -> check("forcedEosTokenId", id, vocabulary));
    suppressedTokenIds.forEach(id -> check("suppressedTokenIds", id, vocabulary));
  }

  private static void check(String name, int id, int vocabulary) {
    if (id < 0 || id >= vocabulary) {
      throw new IllegalArgumentException(name + " must be in [0, " + vocabulary + "): " + id);
    }
  }
}
