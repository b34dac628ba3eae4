package dev.cleave.lab.calibrate;

import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The texts as states: every fifth is held out until there are enough, the others are for fitting.
 * Of those all are seen once, in the order of the text, and only the first are kept. Immutable.
 */
final class Collection {
  private static final int HELD_OUT_EVERY = 5;

  /** Texts that are encoded side by side before their states are handed on in order. */
  private static final int AHEAD = 64;

  private final Most most;
  private final List<Sample> kept = new ArrayList<>();
  private final List<Sample> heldOut = new ArrayList<>();
  private int fitted;
  private long fittedTokens;
  private long heldOutTokens;
  private long keptTokens;

  private Collection(Most most) {
    this.most = most;
  }

  /**
   * How much of it is used where every token costs a computation of the server half.
   *
   * @param heldOutTexts to judge by
   * @param heldOutTokens of these
   * @param keptTexts for gradients
   * @param keptTokens of these
   */
  private record Most(int heldOutTexts, long heldOutTokens, int keptTexts, long keptTokens) {
    /** Of states, of either: wide boundaries and long texts are judged on fewer. */
    private static final long BYTES = 256L << 20;

    private static final int HELD_OUT_TEXTS = 500;
    private static final int KEPT_TEXTS = 400;

    /** A causal model is asked behind each of them, of a large vocabulary as a rule. */
    private static final long CAUSAL_HELD_OUT_TOKENS = 3_600;

    private static final long CAUSAL_KEPT_TOKENS = 7_200;

    static Most of(DeviceHalf device) {
      long tokens = BYTES / Float.BYTES / device.width();
      boolean causal = device.lower().isPresent();
      return new Most(
          HELD_OUT_TEXTS,
          causal ? Math.min(tokens, CAUSAL_HELD_OUT_TOKENS) : tokens,
          KEPT_TEXTS,
          causal ? Math.min(tokens, CAUSAL_KEPT_TOKENS) : tokens);
    }
  }

  /**
   * Encodes the texts.
   *
   * @param fit takes the samples that are not held out
   */
  static Collection of(
      DeviceHalf device, Prompts texts, Consumer<Sample> fit, LabProgress progress) {
    Collection collection = new Collection(Most.of(device));
    List<Prompts.Prompt> prompts = texts.list();
    for (int from = 0; from < prompts.size(); from += AHEAD) {
      List<Prompts.Prompt> next = prompts.subList(from, Math.min(prompts.size(), from + AHEAD));
      List<Sample> samples =
          next.stream()
              .parallel()
              .map(prompt -> device.encode(prompt.ids(), prompt.framing(), prompt.rightAnswer()))
              .toList();
      for (int i = 0; i < samples.size(); i++) {
        collection.add(samples.get(i), from + i, fit);
      }
      progress.at("encoding texts", from + next.size(), prompts.size());
    }
    return collection;
  }

  private void add(Sample sample, int index, Consumer<Sample> fit) {
    if (index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        && heldOut.size() < most.heldOutTexts()
        && heldOutTokens < most.heldOutTokens()) {
      heldOut.add(sample);
      heldOutTokens += sample.positions();
      return;
    }
    fit.accept(sample);
    fitted++;
    fittedTokens += sample.positions();
    if (kept.size() < most.keptTexts() && keptTokens < most.keptTokens()) {
      kept.add(sample);
      keptTokens += sample.positions();
    }
  }

  /** The first of those that the profile is fitted on. */
  List<Sample> kept() {
    return kept;
  }

  List<Sample> heldOut() {
    return heldOut;
  }

  /** Texts that the profile is fitted on. */
  int fitted() {
    return fitted;
  }

  long fittedTokens() {
    return fittedTokens;
  }

  long heldOutTokens() {
    return heldOutTokens;
  }

  /** Positions of the longest text. */
  int longest() {
    return IntStream.concat(
            kept.stream().mapToInt(Sample::positions), heldOut.stream().mapToInt(Sample::positions))
        .max()
        .orElseThrow();
  }
}
