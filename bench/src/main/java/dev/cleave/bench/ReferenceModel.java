package dev.cleave.bench;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.HiddenStates;
import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.EngineOptions;
import dev.cleave.server.engine.TorchDecoderEngine;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The reference model, split into a temporary folder, and what benchmarks need of both halves. */
final class ReferenceModel implements AutoCloseable {
  static final int MAX_NEW_TOKENS = 128;

  /** Of one computation, on both sides: the steps of a model this small do not gain from more. */
  static final int THREADS = 1;

  private static final Path HOME = Path.of(System.getProperty("cleave.home", "."));

  private final Path folder;
  private final DecoderSpec spec;
  private final List<String> notes;

  private ReferenceModel(Path folder, DecoderSpec spec, List<String> notes) {
    this.folder = folder;
    this.spec = spec;
    this.notes = notes;
  }

  static ReferenceModel split() throws IOException {
    Path model = HOME.resolve("models/reference-notes");
    Path folder = Files.createTempDirectory("cleave-bench");
    SplitCompiler.split(
        model, folder.resolve("bundle"), SplitOptions.defaults(), ProgressListener.NONE);
    Path decoder = Bundle.open(folder.resolve("bundle"), Half.SERVER).file("decoder.json");
    try (Stream<String> samples = Files.lines(model.resolve("samples.jsonl"))) {
      List<String> notes =
          samples
              .map(line -> line.replaceFirst(".*\"note\": \"(.*?)\", \"answer\".*", "$1"))
              .toList();
      return new ReferenceModel(folder, DecoderJson.read(decoder), notes);
    }
  }

  Path bundle() {
    return folder.resolve("bundle");
  }

  DecoderSpec spec() {
    return spec;
  }

  /** Held-out notes of different lengths. */
  List<String> notes() {
    return notes;
  }

  DecoderEngine engine(int slots, int maxSource) {
    return TorchDecoderEngine.open(
        spec,
        Bundle.open(bundle(), Half.SERVER).file("decoder.safetensors"),
        new EngineOptions("cpu", WeightPrecision.F32, slots, maxSource, MAX_NEW_TOKENS, THREADS));
  }

  /** The boundary tensor of a note in native memory of the arena, f32 [positions, width]. */
  static FloatBuffer hidden(CleaveClient client, String note, Arena arena) {
    HiddenStates states = client.encode(note);
    FloatBuffer copy =
        arena
            .allocate((long) states.positions() * states.width() * Float.BYTES, 64)
            .asByteBuffer()
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    copy.put(0, states.values(), 0, copy.capacity());
    return copy;
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
