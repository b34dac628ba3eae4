package dev.cleave.split;

import java.nio.file.Path;
import java.util.List;

/** The parity fixtures, which all modules share. */
public final class Fixtures {
  /** Every checkpoint that splits. */
  public static final List<String> SEQ2SEQ =
      List.of("t5-v1.0-tied-relu", "t5-v1.1-untied-gated-gelu", "bart", "marian");

  private Fixtures() {}

  /** The folder of one fixture; surefire runs in the module's folder. */
  public static Path folder(String name) {
    return Path.of("../e2e/src/test/resources/fixtures").resolve(name).toAbsolutePath().normalize();
  }
}
