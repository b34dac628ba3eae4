package dev.cleave.bench.split;

import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * The decoder-only model that is measured: SmolLM2-135M-Instruct where {@code CLEAVE_MODELS} has
 * it, else a {@linkplain SeededModel seeded one} of its shape. Closing deletes what was made.
 */
final class SplitModel implements AutoCloseable {
  private static final String REAL = "smollm2-135m-instruct/model-q4_1.gguf";

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

  /** A file in the folder that goes with the model. */
  Path file(String name) {
    return folder.resolve(name);
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
