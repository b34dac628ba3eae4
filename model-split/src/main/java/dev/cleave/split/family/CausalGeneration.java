package dev.cleave.split.family;

import java.util.List;
import java.util.OptionalInt;

/**
 * How a decoder-only checkpoint wants to be decoded. The device alone goes by it.
 *
 * @param eosTokenIds any of these ends an answer; never empty
 * @param hiddenTokenIds further ids that are no text: start and padding
 * @param defaultMaxNewTokens when the caller names no length, where the checkpoint says so
 * @param notes what the checkpoint asks for and is not done
 */
public record CausalGeneration(
    List<Integer> eosTokenIds,
    List<Integer> hiddenTokenIds,
    OptionalInt defaultMaxNewTokens,
    List<String> notes) {
  public CausalGeneration {
    eosTokenIds = List.copyOf(eosTokenIds);
    hiddenTokenIds = List.copyOf(hiddenTokenIds);
    notes = List.copyOf(notes);
  }
}
