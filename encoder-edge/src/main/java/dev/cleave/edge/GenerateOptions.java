package dev.cleave.edge;

import dev.cleave.codec.CodecMode;
import dev.cleave.edge.causal.TurnTerms;
import dev.cleave.edge.codec.CodecChoice;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a caller may choose for one answer; start from {@link #defaults()}. Immutable.
 *
 * @param maxNewTokens the most tokens to generate; the bundle's own default where empty
 * @param sampling how tokens are chosen
 * @param stops strings that end the answer where they appear in it
 * @param codec how hidden states are coded
 * @param deadline the longest the whole may take, from the call on
 * @param drafts the most tokens to draft for each step, from 0, which is none, to 32; of models
 *     that decode a step at a time with the device. Changes the speed and what is sent, never the
 *     text; while drafts do not pay fewer are made
 * @param research what only researchers and parity tests ask for
 */
public record GenerateOptions(
    OptionalInt maxNewTokens,
    Sampling sampling,
    List<String> stops,
    CodecChoice codec,
    Optional<Duration> deadline,
    int drafts,
    Research research) {

  /**
   * Choices for researchers and parity tests.
   *
   * @param ignoreEos go on after the model has ended the answer
   * @param wantLogits return the logits of each token; the server must allow it
   */
  public record Research(boolean ignoreEos, boolean wantLogits) {}

  private static final GenerateOptions DEFAULTS =
      new GenerateOptions(
          OptionalInt.empty(),
          Sampling.GREEDY,
          List.of(),
          CodecChoice.byDefault(),
          Optional.empty(),
          0,
          new Research(false, false));

  public GenerateOptions {
    stops = List.copyOf(stops);
    if (maxNewTokens.isPresent() && maxNewTokens.getAsInt() < 1) {
      throw new IllegalArgumentException(
          "max tokens must be at least 1, got " + maxNewTokens.getAsInt());
    }
    if (stops.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("a stop string must not be empty");
    }
    if (deadline.isPresent() && !deadline.get().isPositive()) {
      throw new IllegalArgumentException("deadline must be above 0, got " + deadline.get());
    }
    if (drafts < 0 || drafts > TurnTerms.MAX_DRAFTS) {
      throw new IllegalArgumentException(
          "drafts must be from 0 to %d, got %d".formatted(TurnTerms.MAX_DRAFTS, drafts));
    }
  }

  /** Greedy, the bundle's own codec and length, no deadline. */
  public static GenerateOptions defaults() {
    return DEFAULTS;
  }

  /** This with the most tokens to generate. */
  public GenerateOptions withMaxNewTokens(int tokens) {
    return new GenerateOptions(
        OptionalInt.of(tokens), sampling, stops, codec, deadline, drafts, research);
  }

  /** This with another way of choosing tokens. */
  public GenerateOptions withSampling(Sampling sampling) {
    return new GenerateOptions(maxNewTokens, sampling, stops, codec, deadline, drafts, research);
  }

  /** This with stop strings. */
  public GenerateOptions withStops(List<String> stops) {
    return new GenerateOptions(maxNewTokens, sampling, stops, codec, deadline, drafts, research);
  }

  /** This with another codec. */
  public GenerateOptions withCodec(CodecChoice codec) {
    return new GenerateOptions(maxNewTokens, sampling, stops, codec, deadline, drafts, research);
  }

  /** This with another codec, one that needs no target. */
  public GenerateOptions withCodec(CodecMode codec) {
    return withCodec(CodecChoice.of(codec));
  }

  /** This with a deadline. */
  public GenerateOptions withDeadline(Duration deadline) {
    return new GenerateOptions(
        maxNewTokens, sampling, stops, codec, Optional.of(deadline), drafts, research);
  }

  /** This with the most tokens to draft for each step. */
  public GenerateOptions withDrafts(int drafts) {
    return new GenerateOptions(maxNewTokens, sampling, stops, codec, deadline, drafts, research);
  }

  /** This with the logits of each token, see {@link Generation#logits()}. */
  public GenerateOptions withLogits() {
    return new GenerateOptions(
        maxNewTokens,
        sampling,
        stops,
        codec,
        deadline,
        drafts,
        new Research(research.ignoreEos(), true));
  }

  /** This going on after the model has ended the answer. */
  public GenerateOptions ignoringEos() {
    return new GenerateOptions(
        maxNewTokens,
        sampling,
        stops,
        codec,
        deadline,
        drafts,
        new Research(true, research.wantLogits()));
  }
}
