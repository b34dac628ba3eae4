package dev.cleave.lab;

import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Bundles of this repository's checkpoints. */
public final class Bundles {
  public static final Path REFERENCE = Path.of("../models/reference-notes");
  public static final Path FIXTURES = Path.of("../e2e/src/test/resources/fixtures");

  private Bundles() {}

  /** Splits the reference model; the bundle brings its calibration text. */
  public static Path reference(Path folder) {
    return split(REFERENCE, folder.resolve("reference"));
  }

  /** Splits a parity fixture; no text comes with it. */
  public static Path fixture(String name, Path folder) {
    return split(FIXTURES.resolve(name), folder.resolve(name));
  }

  /** Splits a decoder-only fixture after half of its layers. */
  public static Path causal(Path folder) {
    Path out = folder.resolve("causal");
    SplitOptions options = SplitOptions.defaults().withAt(2);
    SplitCompiler.split(FIXTURES.resolve("qwen2-bias-bf16"), out, options, ProgressListener.NONE);
    return out;
  }

  private static Path split(Path checkpoint, Path out) {
    SplitCompiler.split(checkpoint, out, SplitOptions.defaults(), ProgressListener.NONE);
    return out;
  }

  /** Name and content of every file, to see that nothing changed. */
  public static Map<String, Integer> contents(Path root) {
    Map<String, Integer> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        contents.put(
            root.relativize(file).toString(), java.util.Arrays.hashCode(Files.readAllBytes(file)));
      }
      return contents;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
