package dev.cleave.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.lab.calibrate.Calibration;
import dev.cleave.lab.calibrate.CalibrationOptions;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.CodecWriter;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bundles that tests split from the checkpoints of this repository, and the reference notes. */
final class Bundles {
  private static final Path REFERENCE = ServerProcess.HOME.resolve("models/reference-notes");

  /** One held-out note and the answer that its generator gave it. */
  record Sample(String note, String answer) {}

  /** What the first calibration of this run found out: the same model gives the same. */
  private record Calibrated(ByteBuffer profile, CodecSection section) {}

  private static @Nullable Calibrated calibrated;

  private Bundles() {}

  /** Splits the trained reference model into a folder below {@code work}. */
  static Path reference(Path work) {
    return split(REFERENCE, work.resolve("reference"));
  }

  /** The same, calibrated on a part of its text; measured once, for all tests. */
  static synchronized Path calibratedReference(Path work) throws IOException {
    Path bundle = reference(work);
    Calibrated known = calibrated;
    if (known == null) {
      CalibrationOptions options = CalibrationOptions.defaults().withMaxTokens(6_000);
      CodecSection section = Calibration.run(bundle, options, LabProgress.NONE).codec();
      Path profile = Bundle.open(bundle, Half.SERVER).file(section.profileFile());
      calibrated = new Calibrated(ByteBuffer.wrap(Files.readAllBytes(profile)), section);
    } else {
      CodecWriter.write(bundle, known.profile().array(), known.section());
    }
    return bundle;
  }

  static Path fixture(String name, Path work) {
    return split(ParityTest.FIXTURES.resolve(name), work.resolve(name));
  }

  /** A decoder-only fixture, cut after so many layers. */
  static Path fixture(String name, Path work, int at) {
    Path bundle = work.resolve(name);
    SplitCompiler.split(
        ParityTest.FIXTURES.resolve(name),
        bundle,
        SplitOptions.defaults().withAt(at),
        ProgressListener.NONE);
    return bundle;
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
