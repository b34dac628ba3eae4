package dev.cleave.edge.text;

import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
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

  /** Splits the fixture and returns the bundle's folder. */
  public static Path split(String fixture, Path folder) {
    Path bundle = folder.resolve(fixture);
    SplitCompiler.split(
        FOLDER.resolve(fixture), bundle, SplitOptions.defaults(), ProgressListener.NONE);
    return bundle;
  }
}
