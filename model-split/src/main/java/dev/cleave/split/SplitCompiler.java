package dev.cleave.split;

import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.BundleWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.family.Families;
import dev.cleave.split.family.FamilyModel;
import dev.cleave.split.onnx.EncoderEmitter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The split compiler: a Hugging Face checkpoint in, a bundle of two hash-matched halves out.
 *
 * <p>The same checkpoint, options and release give the same bundle id. Stateless and thread-safe.
 */
public final class SplitCompiler {
  /** The answer's length when neither caller nor checkpoint says one. */
  private static final int DEFAULT_MAX_NEW_TOKENS = 256;

  /** What is served when nobody asks for more: a server reserves room for whole sessions. */
  private static final int DEFAULT_MAX_POSITIONS = 1024;

  private static final long MAX_TOKENIZER_BYTES = 256L << 20;
  private static final long MAX_CALIBRATION_BYTES = 16L << 20;

  /** Text for calibration, in a checkpoint's folder and in the device half. */
  private static final String CALIBRATION = "calibration.jsonl";

  private static final String CREATED_BY = "cleave 0.1.0";

  private SplitCompiler() {}

  /**
   * Splits.
   *
   * @param checkpoint a folder with config.json, safetensors, tokenizer.json
   * @param out where the bundle will stand; made whole beside it first
   * @param options name, replacement, limits
   * @param listener told of progress
   * @throws CheckpointRefused when the description cannot say what the checkpoint asks for, or its
   *     tensors are not those its config announces
   * @throws SplitException when a file is damaged or cannot be written
   */
  public static SplitReport split(
      Path checkpoint, Path out, SplitOptions options, ProgressListener listener) {
    long start = System.nanoTime();
    try (Checkpoint opened = new Checkpoint(checkpoint);
        Arena arena = Arena.ofConfined()) {
      FamilyModel model = Families.understand(checkpoint, opened::weights, arena);
      DeviceTexts texts =
          new DeviceTexts(
              tokenizer(checkpoint.resolve("tokenizer.json")),
              calibration(checkpoint.resolve(CALIBRATION)));
      BundleManifest.Limits limits = limits(model.limits(), options);
      String name = name(checkpoint, options);
      try (BundleWriter writer = BundleWriter.open(out, options.replace())) {
        long device = device(model, texts, limits, writer, listener);
        long server = server(model, writer, listener);
        BundleManifest manifest =
            writer.finish(
                new BundleManifest.Model(
                    name,
                    model.spec().architecture(),
                    new BundleManifest.Parameters(device, server),
                    CREATED_BY,
                    model.generation().notes()),
                new BundleManifest.Boundary(
                    new SplitPoint.EncoderDecoder(), model.spec().encoder().width()),
                limits);
        return new SplitReport(out, manifest, System.nanoTime() - start);
      }
    } catch (IOException e) {
      throw new SplitException("write", out.toString(), "failed: " + e, e);
    }
  }

  private static long device(
      FamilyModel model,
      DeviceTexts texts,
      BundleManifest.Limits limits,
      BundleWriter writer,
      ProgressListener listener)
      throws IOException {
    Files.write(writer.file(Half.DEVICE, "tokenizer.json"), texts.tokenizer);
    if (texts.calibration != null) {
      Files.write(writer.file(Half.DEVICE, CALIBRATION), texts.calibration);
    }
    int defaultMaxNewTokens =
        Math.min(
            limits.maxNewTokens(),
            model.generation().defaultMaxNewTokens().orElse(DEFAULT_MAX_NEW_TOKENS));
    Files.write(
        writer.file(Half.DEVICE, "generation.json"),
        GenerationJson.write(model, defaultMaxNewTokens));
    Path graph = writer.file(Half.DEVICE, EncoderEmitter.GRAPH);
    Path folder = graph.getParent();
    if (folder == null) {
      throw new IllegalStateException("a bundle's file has a folder: " + graph);
    }
    long total = 4 * elements(model.encoder());
    EncoderEmitter.write(
        model.spec().encoder(),
        model.encoder(),
        limits.maxPromptPositions(),
        folder,
        counter("encoder", total, listener));
    return elements(model.encoder());
  }

  private static long server(FamilyModel model, BundleWriter writer, ProgressListener listener)
      throws IOException {
    Files.write(
        writer.file(Half.SERVER, "decoder.json"),
        DecoderJson.write(model.spec().decoderSpec(model.generation().decoding())));
    long total = model.decoder().stream().mapToLong(t -> t.bytes().byteSize()).sum();
    SafetensorsWriter.write(
        writer.file(Half.SERVER, "decoder.safetensors"),
        model.decoder(),
        counter("decoder", total, listener));
    return elements(model.decoder());
  }

  private static long elements(List<TensorData> tensors) {
    return tensors.stream().mapToLong(t -> t.bytes().byteSize() / t.dtype().bytes()).sum();
  }

  private static LongConsumer counter(String step, long total, ProgressListener listener) {
    long[] done = {0};
    return bytes -> {
      done[0] += bytes;
      listener.progress(new ProgressListener.Progress(step, done[0], total));
    };
  }

  private static byte[] tokenizer(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new CheckpointRefused(
          "tokenizer.json",
          "missing; save the checkpoint's tokenizer in the fast format"
              + " (AutoTokenizer.from_pretrained(...).save_pretrained(...))");
    }
    if (Files.size(file) > MAX_TOKENIZER_BYTES) {
      throw new CheckpointRefused(
          "tokenizer.json", "has more than " + MAX_TOKENIZER_BYTES + " bytes");
    }
    return Files.readAllBytes(file);
  }

  private static byte @Nullable [] calibration(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return null;
    }
    if (Files.size(file) > MAX_CALIBRATION_BYTES) {
      throw new CheckpointRefused(
          CALIBRATION,
          "has more than " + MAX_CALIBRATION_BYTES + " bytes; shorten it, or move it elsewhere");
    }
    return Files.readAllBytes(file);
  }

  private static BundleManifest.Limits limits(BundleManifest.Limits model, SplitOptions options) {
    return new BundleManifest.Limits(
        limit("max prompt positions", model.maxPromptPositions(), options.maxPromptPositions()),
        limit("max new tokens", model.maxNewTokens(), options.maxNewTokens()));
  }

  private static int limit(String what, int model, OptionalInt wanted) {
    int value = wanted.orElse(Math.min(model, DEFAULT_MAX_POSITIONS));
    if (value < 1 || value > model) {
      throw new CheckpointRefused(what, value + " is not in [1, " + model + "], the model's own");
    }
    return value;
  }

  private static String name(Path checkpoint, SplitOptions options) {
    String name =
        options
            .name()
            .orElseGet(() -> {
              Path last = checkpoint.toAbsolutePath().normalize().getFileName();
              return last == null ? "model" : last.toString();
            });
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
      throw new SplitException(
          "name", name, "must be 1 to 128 of letters, digits, '.', '-', '_'; choose with --name");
    }
    return name;
  }

  /** Files that go into the device half as they are. Not a record: they are arrays. */
  private static final class DeviceTexts {
    private final byte[] tokenizer;
    private final byte @Nullable [] calibration;

    DeviceTexts(byte[] tokenizer, byte @Nullable [] calibration) {
      this.tokenizer = tokenizer;
      this.calibration = calibration;
    }
  }

  /** Opens the weights no sooner than the config was found to be worth it. */
  private static final class Checkpoint implements AutoCloseable {
    private final Path folder;
    private @Nullable Weights weights;

    Checkpoint(Path folder) {
      this.folder = folder;
    }

    Weights weights() {
      Weights opened = Weights.openFolder(folder);
      weights = opened;
      return opened;
    }

    @Override
    public void close() {
      if (weights != null) {
        weights.close();
      }
    }
  }
}
