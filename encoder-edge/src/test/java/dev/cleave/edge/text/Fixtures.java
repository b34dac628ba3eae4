package dev.cleave.edge.text;

import dev.cleave.codec.profile.Profile;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.CodecWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The checkpoints that the tests of all modules share. */
public final class Fixtures {
  public static final List<String> SEQ2SEQ =
      List.of("t5-v1.0-tied-relu", "t5-v1.1-untied-gated-gelu", "bart", "marian");

  private static final Path FOLDER = Path.of("..", "e2e", "src", "test", "resources", "fixtures");

  private Fixtures() {}

  public static HfTokenizer tokenizer(String fixture) {
    return HfTokenizer.open(file(fixture, "tokenizer.json"), Set.of());
  }

  public static Path file(String fixture, String name) {
    return FOLDER.resolve(fixture).resolve(name);
  }

  /** The ids that the decoder of {@code t5-v1.0-tied-relu} would give for this text. */
  public static int[] ids(String text) {
    try (HfTokenizer tokenizer = tokenizer("t5-v1.0-tied-relu")) {
      int[] ids = tokenizer.encode(text);
      return Arrays.copyOf(ids, ids.length - 1);
    }
  }

  /**
   * Calibrates a bundle by decree: some profile, and the balanced preset at 2.5 bits per element.
   *
   * @return the profile
   */
  public static Profile calibrate(Path bundle, String mode) {
    int width = Bundle.readManifest(bundle).width();
    float[] means = new float[width];
    float[] deviations = new float[width];
    for (int c = 0; c < width; c++) {
      means[c] = 0.01f * c;
      deviations[c] = 1 + c % 3;
    }
    Profile profile = Profile.of(means, deviations);
    CodecWriter.write(
        bundle,
        profile.toBytes(),
        CodecSection.of(
            profile.toBytes(),
            profile.hash().toString(),
            List.of(
                new CodecSection.Preset(
                    "balanced",
                    mode,
                    width * 5 / 16,
                    2.5,
                    new CodecSection.Effect(
                        0.0081, 0.9712, new CodecSection.FieldAccuracy(0.93, 0.932)))),
            new CodecSection.Calibration(51_200, 6_400, "diagonal", 0, "ab".repeat(32))));
    return profile;
  }

  /** Splits the fixture and returns the bundle's folder. */
  public static Path split(String fixture, Path folder) {
    Path bundle = folder.resolve(fixture);
    SplitCompiler.split(
        FOLDER.resolve(fixture), bundle, SplitOptions.defaults(), ProgressListener.NONE);
    return bundle;
  }
}
