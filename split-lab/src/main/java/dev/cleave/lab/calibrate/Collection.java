package dev.cleave.lab.calibrate;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.lab.measure.DeviceHalf;
import dev.cleave.lab.measure.LabProgress;
import dev.cleave.lab.measure.Sample;
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

  /** The most samples to judge by. */
  private static final int HELD_OUT = 500;

  /** The most samples for gradients. */
  private static final int KEPT = 400;

  /** Of states, of either: wide boundaries and long texts are judged on fewer. */
  private static final long MOST_BYTES = 256L << 20;

  /** Texts that are encoded side by side before their states are handed on in order. */
  private static final int AHEAD = 64;

  private final List<Sample> kept = new ArrayList<>();
  private final List<Sample> heldOut = new ArrayList<>();
  private int fitted;
  private long fittedTokens;
  private long heldOutTokens;
  private long heldOutBytes;
  private long keptBytes;
  private int tooLong;

  private Collection() {}

  /** A text that the encoder takes. Not a record: it holds an array, and must not be printed. */
  private static final class Prompt {
    private final int[] ids;
    private final CalibrationText.Text text;

    Prompt(int[] ids, CalibrationText.Text text) {
      this.ids = ids;
      this.text = text;
    }
  }

  /**
   * Encodes the texts.
   *
   * @param maxTokens of all texts together; all of them when 0
   * @param fit takes the samples that are not held out
   */
  static Collection of(
      DeviceHalf device,
      CalibrationText text,
      long maxTokens,
      Consumer<Sample> fit,
      LabProgress progress) {
    Collection collection = new Collection();
    List<Prompt> prompts = collection.prompts(device, text, maxTokens);
    for (int from = 0; from < prompts.size(); from += AHEAD) {
      List<Prompt> next = prompts.subList(from, Math.min(prompts.size(), from + AHEAD));
      List<Sample> samples =
          IntStream.range(0, next.size())
              .parallel()
              .mapToObj(i -> device.encode(next.get(i).ids, next.get(i).text.rightAnswer()))
              .toList();
      for (int i = 0; i < samples.size(); i++) {
        collection.add(samples.get(i), from + i, fit);
      }
      progress.at("encoding texts", from + next.size(), prompts.size());
    }
    return collection;
  }

  private List<Prompt> prompts(DeviceHalf device, CalibrationText text, long maxTokens) {
    List<Prompt> prompts = new ArrayList<>();
    long tokens = 0;
    for (CalibrationText.Text each : text.texts()) {
      int[] ids = device.tokenize(each.note());
      if (!device.takes(ids.length)) {
        tooLong++;
        continue;
      }
      if (maxTokens > 0 && tokens + ids.length > maxTokens) {
        break;
      }
      tokens += ids.length;
      prompts.add(new Prompt(ids, each));
    }
    if (prompts.size() < HELD_OUT_EVERY) {
      throw CleaveException.fatal(
          Code.INPUT,
          "calibration has %d usable texts and needs at least %d"
              .formatted(prompts.size(), HELD_OUT_EVERY),
          "give more texts with --text FILE, or allow more with --tokens");
    }
    return prompts;
  }

  private void add(Sample sample, int index, Consumer<Sample> fit) {
    long bytes = (long) sample.states().length * Float.BYTES;
    if (index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        && heldOut.size() < HELD_OUT
        && heldOutBytes < MOST_BYTES) {
      heldOut.add(sample);
      heldOutTokens += sample.positions();
      heldOutBytes += bytes;
      return;
    }
    fit.accept(sample);
    fitted++;
    fittedTokens += sample.positions();
    if (kept.size() < KEPT && keptBytes < MOST_BYTES) {
      kept.add(sample);
      keptBytes += bytes;
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

  /** Texts that the encoder does not take. */
  int tooLong() {
    return tooLong;
  }

  /** Positions of the longest text. */
  int longest() {
    return IntStream.concat(
            kept.stream().mapToInt(Sample::positions), heldOut.stream().mapToInt(Sample::positions))
        .max()
        .orElseThrow();
  }
}
