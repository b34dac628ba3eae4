package dev.cleave.lab.calibrate;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.Framing;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.SelfWriting;
import dev.cleave.split.bundle.Bundle;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What the device half is to read, as ids: texts of a file, or, of a model that is cut between two
 * layers, texts that it wrote itself. Immutable; never printed.
 */
final class Prompts {
  /** Fewer texts cannot be fitted to and judged on. */
  static final int LEAST = 5;

  /** Tokens that a model writes where nobody says how many. */
  static final long OWN_TOKENS = 24_000;

  /** Of each text that a model writes, and the most of one from a file that it reads at once. */
  private static final int TEXT_POSITIONS = 192;

  /** The part of a text that is sent as a prompt; the rest goes step by step, as an answer does. */
  private static final int PROMPT_PART = 4;

  private final List<Prompt> prompts;
  private final String sha256;
  private final int tooLong;
  private final boolean own;

  /** One text. Not a record: it holds an array, and must not be printed. */
  static final class Prompt {
    private final int[] ids;
    private final Framing framing;
    private final Map<String, String> rightAnswer;

    Prompt(int[] ids, Framing framing, Map<String, String> rightAnswer) {
      this.ids = ids;
      this.framing = framing;
      this.rightAnswer = rightAnswer;
    }

    int[] ids() {
      return ids;
    }

    Framing framing() {
      return framing;
    }

    Map<String, String> rightAnswer() {
      return rightAnswer;
    }
  }

  private Prompts(List<Prompt> prompts, String sha256, int tooLong, boolean own) {
    this.prompts = List.copyOf(prompts);
    this.sha256 = sha256;
    this.tooLong = tooLong;
    this.own = own;
  }

  /**
   * Texts of a file.
   *
   * @param maxTokens of all together; all of them when 0
   */
  static Prompts of(DeviceHalf device, CalibrationText text, long maxTokens) {
    boolean causal = device.lower().isPresent();
    List<Prompt> prompts = new ArrayList<>();
    int tooLong = 0;
    long tokens = 0;
    for (CalibrationText.Text each : text.texts()) {
      int[] ids = device.tokenize(each.note());
      List<int[]> parts = causal ? parts(device, ids) : List.of(ids);
      if (!causal && !device.takes(ids.length)) {
        tooLong++;
        continue;
      }
      if (maxTokens > 0 && tokens + ids.length > maxTokens) {
        break;
      }
      tokens += ids.length;
      for (int[] part : parts) {
        Framing framing = causal ? session(part.length) : Framing.ofUpload(part.length);
        prompts.add(new Prompt(part, framing, each.rightAnswer()));
      }
    }
    if (prompts.size() < LEAST) {
      throw CleaveException.fatal(
          Code.INPUT,
          "calibration has %d usable texts and needs at least %d".formatted(prompts.size(), LEAST),
          "give more texts with --text FILE, or allow more with --tokens");
    }
    return new Prompts(prompts, text.sha256(), tooLong, false);
  }

  /**
   * Texts that the model writes.
   *
   * @param tokens of all together, about
   * @return each as long as the others
   */
  static List<int[]> written(
      DeviceHalf device, Bundle serverHalf, long tokens, long seed, LabProgress progress) {
    int positions = Math.min(TEXT_POSITIONS, device.maxPositions());
    if (positions < 2 || tokens / positions < LEAST) {
      throw CleaveException.fatal(
          Code.INPUT,
          "calibration has %d texts of %d tokens and needs at least %d"
              .formatted(tokens / positions, positions, LEAST),
          "allow more with --tokens, or give texts with --text FILE");
    }
    int texts = Math.toIntExact(Math.min(tokens / positions, Integer.MAX_VALUE / positions));
    SelfWriting.Plan plan = new SelfWriting.Plan(texts, positions, seed);
    return SelfWriting.texts(device, serverHalf, plan, progress);
  }

  /** Texts that the model wrote. */
  static Prompts own(List<int[]> written) {
    return new Prompts(
        written.stream().map(ids -> new Prompt(ids, session(ids.length), Map.of())).toList(),
        CalibrationText.sha256(bytes(written)),
        0,
        true);
  }

  private static Framing session(int positions) {
    return Framing.ofSession(Math.max(1, positions / PROMPT_PART));
  }

  private static List<int[]> parts(DeviceHalf device, int[] ids) {
    int most = Math.min(TEXT_POSITIONS, device.maxPositions());
    List<int[]> parts = new ArrayList<>();
    for (int from = 0; from < ids.length; from += most) {
      parts.add(Arrays.copyOfRange(ids, from, Math.min(ids.length, from + most)));
    }
    return parts;
  }

  private static byte[] bytes(List<int[]> texts) {
    ByteBuffer bytes =
        ByteBuffer.allocate(texts.stream().mapToInt(ids -> ids.length).sum() * Integer.BYTES);
    texts.forEach(ids -> Arrays.stream(ids).forEach(bytes::putInt));
    return bytes.array();
  }

  List<Prompt> list() {
    return prompts;
  }

  /** Of the file, or of the ids that the model wrote. */
  String sha256() {
    return sha256;
  }

  /** Texts that the device half does not take. */
  int tooLong() {
    return tooLong;
  }

  /** Whether the model wrote them. */
  boolean own() {
    return own;
  }
}
