package dev.cleave.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Bundles that tests split from the checkpoints of this repository, and the reference notes. */
final class Bundles {
  private static final Path REFERENCE = ServerProcess.HOME.resolve("models/reference-notes");

  /** One held-out note and the answer that its generator gave it. */
  record Sample(String note, String answer) {}

  private Bundles() {}

  /** Splits the trained reference model into a folder below {@code work}. */
  static Path reference(Path work) {
    return split(REFERENCE, work.resolve("reference"));
  }

  /** The same, calibrated. */
  static Path calibratedReference(Path work) throws IOException {
    Path bundle = reference(work);
    QuickCalibration.run(bundle, calibrationNotes(150));
    return bundle;
  }

  /** The first notes of the calibration text that ships with the model. */
  static List<String> calibrationNotes(int count) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<String> notes = new ArrayList<>();
    for (String line : Files.readAllLines(REFERENCE.resolve("calibration.jsonl"))) {
      if (notes.size() < count) {
        notes.add(json.readTree(line).path("note").asText());
      }
    }
    return notes;
  }

  static Path fixture(String name, Path work) {
    return split(ParityTest.FIXTURES.resolve(name), work.resolve(name));
  }

  static List<Sample> samples() throws IOException {
    List<Sample> samples = new ArrayList<>();
    ObjectMapper json = new ObjectMapper();
    for (String line : Files.readAllLines(REFERENCE.resolve("samples.jsonl"))) {
      JsonNode sample = json.readTree(line);
      samples.add(new Sample(sample.path("note").asText(), sample.path("answer").asText()));
    }
    return samples;
  }

  private static Path split(Path checkpoint, Path bundle) {
    SplitCompiler.split(checkpoint, bundle, SplitOptions.defaults(), ProgressListener.NONE);
    return bundle;
  }
}
