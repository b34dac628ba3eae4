package dev.cleave.edge.text;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The checkpoints that the tests of all modules share. */
final class Fixtures {
  static final List<String> SEQ2SEQ =
      List.of("t5-v1.0-tied-relu", "t5-v1.1-untied-gated-gelu", "bart", "marian");

  private Fixtures() {}

  static HfTokenizer tokenizer(String fixture) {
    return HfTokenizer.open(file(fixture, "tokenizer.json"), Set.of());
  }

  static Path file(String fixture, String name) {
    return Path.of("..", "e2e", "src", "test", "resources", "fixtures", fixture, name);
  }
}
