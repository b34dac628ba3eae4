package dev.cleave.split.family;

import dev.cleave.split.block.DecodingSpec;
import java.util.List;
import java.util.OptionalInt;

/**
 * How a checkpoint wants to be decoded.
 *
 * @param decoding ids that steer every step
 * @param padTokenId fills batches; never part of an answer
 * @param defaultMaxNewTokens when the caller names no length, where the checkpoint says so
 * @param notes what the checkpoint asks for and is not done: beam search and the like
 */
public record Generation(
    DecodingSpec decoding,
    OptionalInt padTokenId,
    OptionalInt defaultMaxNewTokens,
    List<String> notes) {
  public Generation {
    notes = List.copyOf(notes);
  }
}
