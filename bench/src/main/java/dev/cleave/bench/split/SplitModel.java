package dev.cleave.bench.split;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.chat.Chat;
import dev.cleave.edge.chat.ChatMessage;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.lab.calibrate.Calibration;
import dev.cleave.lab.calibrate.CalibrationOptions;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * The decoder-only model that is measured: SmolLM2-135M-Instruct where {@code CLEAVE_MODELS} has
 * it, else a {@linkplain SeededModel seeded one} of its shape. Closing deletes what was made.
 */
final class SplitModel implements AutoCloseable {
  private static final String REAL = "smollm2-135m-instruct/model-q4_1.gguf";

  /** What is asked where any answer does. */
  static final String QUESTION = "List three questions a nurse should ask someone with a headache.";

  /** What is answered by quoting it. */
  static final String QUOTE =
      """
      Repeat the following text exactly, word for word:

      The patient came to the clinic on Monday with a fever and a dry cough that began four days \
      earlier. The doctor listened to the lungs, measured the blood pressure and the temperature, \
      and ordered a chest X-ray. The doctor told the patient to rest, to drink plenty of water, and \
      to come back to the clinic on Friday if the fever and the dry cough are not better by then.\
      """;

  private static final long CALIBRATION_TOKENS = 6000;

  private final Path folder;
  private final Path checkpoint;
  private final boolean real;

  private SplitModel(Path folder, Path checkpoint, boolean real) {
    this.folder = folder;
    this.checkpoint = checkpoint;
    this.real = real;
  }

  static SplitModel open() throws IOException {
    Path folder = Files.createTempDirectory("cleave-bench");
    String models = System.getenv("CLEAVE_MODELS");
    if (models != null && Files.isRegularFile(Path.of(models, REAL))) {
      return new SplitModel(folder, Path.of(models, REAL), true);
    }
    System.err.println(
        "CLEAVE_MODELS has no "
            + REAL
            + ": measuring a seeded model of its shape, whose text and codec figures mean nothing");
    Path seeded = Files.createDirectory(folder.resolve("seeded"));
    SeededModel.write(seeded);
    return new SplitModel(folder, seeded, false);
  }

  /** Whether the weights are trained. */
  boolean real() {
    return real;
  }

  /** A bundle cut after {@code at} layers; made once. */
  Path bundle(int at) {
    Path bundle = folder.resolve("k" + at);
    if (!Files.isDirectory(bundle)) {
      SplitOptions options = SplitOptions.defaults().withName("bench").withAt(at);
      SplitCompiler.split(checkpoint, bundle, options, ProgressListener.NONE);
    }
    return bundle;
  }

  /**
   * Calibrates the codec of a bundle on text that its model writes.
   *
   * @return whether the bundle has presets now; the seeded model's would mean nothing
   */
  boolean calibrate(int at) {
    Path bundle = bundle(at);
    if (!real || Bundle.open(bundle, Half.DEVICE).manifest().codec().isPresent()) {
      return real;
    }
    System.err.println("calibrating, which takes ten minutes or more ...");
    try {
      CalibrationOptions options = CalibrationOptions.defaults().withMaxTokens(CALIBRATION_TOKENS);
      Calibration.run(bundle, options, (stage, done, total) -> {});
      return true;
    } catch (CleaveException e) {
      System.err.println("not calibrated, measuring rates instead of presets: " + e.getMessage());
      return false;
    }
  }

  /** What asks the model for an answer to a text, as it was trained to be asked. */
  int[] prompt(CleaveClient client, String text) {
    return real ? Chat.prompt(client, List.of(ChatMessage.user(text))) : client.tokenize(text);
  }

  /** So many ids, where it does not matter what they say. Always the same. */
  int[] anyIds(int count) {
    // Both vocabularies have no special token among these.
    return new SplittableRandom(count).ints(count, 100, 256).toArray();
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
