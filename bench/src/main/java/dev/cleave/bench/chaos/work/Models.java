package dev.cleave.bench.chaos.work;

import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Bundles of both kinds from what this repository holds, made when they are first asked for. */
public final class Models {
  private static final Path HOME = Path.of(System.getProperty("cleave.home", "."));
  private static final Path NOTES = HOME.resolve("models/reference-notes");
  private static final Path LLAMA =
      HOME.resolve("e2e/src/test/resources/fixtures/llama3-rope-untied-bf16-sharded");
  private static final int LLAMA_AT = 2;

  private final Path folder;

  /** Makes them below this folder. */
  public Models(Path folder) {
    this.folder = folder;
  }

  /** The bundle of this kind, with both halves. */
  public synchronized Path bundle(Kind kind) {
    Path bundle = folder.resolve("bundle-" + kind.text());
    if (!Files.isDirectory(bundle)) {
      switch (kind) {
        case ENCODER_DECODER -> split(NOTES, bundle, SplitOptions.defaults());
        case CAUSAL -> split(LLAMA, bundle, SplitOptions.defaults().withAt(LLAMA_AT));
      }
    }
    return bundle;
  }

  /** Notes that the reference model did not see in training. */
  public static List<String> notes() throws IOException {
    try (Stream<String> samples = Files.lines(NOTES.resolve("samples.jsonl"))) {
      return samples
          .map(line -> line.replaceFirst(".*\"note\": \"(.*?)\", \"answer\".*", "$1"))
          .toList();
    }
  }

  private static void split(Path checkpoint, Path bundle, SplitOptions options) {
    SplitCompiler.split(checkpoint, bundle, options, ProgressListener.NONE);
  }
}
