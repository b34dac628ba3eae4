package dev.cleave.split;

import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.BundleWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.checkpoint.Checkpoint;
import dev.cleave.split.checkpoint.FolderCheckpoint;
import dev.cleave.split.checkpoint.gguf.GgufCheckpoint;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.family.CausalModel;
import dev.cleave.split.family.Families;
import dev.cleave.split.family.Seq2SeqModel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * The split compiler: a checkpoint in, a bundle of two hash-matched halves out.
 *
 * <p>The same checkpoint, options and release give the same bundle id. Stateless and thread-safe.
 */
public final class SplitCompiler {
  /** Text for calibration, in a checkpoint's folder and in the device half. */
  private static final String CALIBRATION = "calibration.jsonl";

  private static final String CREATED_BY = "cleave 0.1.0";

  private SplitCompiler() {}

  /**
   * Splits what lies at a path.
   *
   * @param model a folder with config.json, safetensors, tokenizer.json; or a GGUF file
   * @param out where the bundle will stand; made whole beside it first
   * @param options name, replacement, limits, cut
   * @param listener told of progress
   * @throws CheckpointRefused when the description cannot say what the checkpoint asks for, its
   *     tensors are not those its config announces, or it cannot be cut where the options say
   * @throws SplitException when a file is damaged or cannot be written
   */
  public static SplitReport split(
      Path model, Path out, SplitOptions options, ProgressListener listener) {
    try (Checkpoint checkpoint = open(model)) {
      return split(checkpoint, out, options, listener);
    }
  }

  private static Checkpoint open(Path model) {
    boolean gguf = model.toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
    return gguf && Files.isRegularFile(model)
        ? GgufCheckpoint.open(model)
        : FolderCheckpoint.open(model);
  }

  /** Splits an open checkpoint, which stays the caller's; otherwise as above. */
  public static SplitReport split(
      Checkpoint checkpoint, Path out, SplitOptions options, ProgressListener listener) {
    long start = System.nanoTime();
    try (Arena arena = Arena.ofConfined()) {
      Halves halves =
          switch (Families.understand(checkpoint, arena)) {
            case Seq2SeqModel model -> Seq2SeqHalves.of(model, options);
            case CausalModel model -> CausalHalves.of(model, checkpoint.chatTemplate(), options);
          };
      byte[] tokenizer = checkpoint.tokenizer();
      Optional<byte[]> calibration = checkpoint.calibration();
      String name = name(checkpoint, options);
      try (BundleWriter writer = BundleWriter.open(out, options.replace())) {
        Output output = new Output(writer, listener);
        output.write(Half.DEVICE, "tokenizer.json", tokenizer);
        if (calibration.isPresent()) {
          output.write(Half.DEVICE, CALIBRATION, calibration.get());
        }
        long device = halves.writeDevice(output);
        long server = halves.writeServer(output);
        BundleManifest manifest =
            writer.finish(
                new BundleManifest.Model(
                    name,
                    halves.architecture(),
                    new BundleManifest.Parameters(device, server),
                    CREATED_BY,
                    halves.notes()),
                halves.boundary(),
                halves.limits(),
                output.counter("hashing", writer.bytes()));
        return new SplitReport(out, manifest, System.nanoTime() - start);
      }
    } catch (IOException e) {
      throw new SplitException("write", out.toString(), "failed: " + e, e);
    }
  }

  private static String name(Checkpoint checkpoint, SplitOptions options) {
    String name = options.name().orElseGet(checkpoint::name);
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
      throw new SplitException(
          "name", name, "must be 1 to 128 of letters, digits, '.', '-', '_'; choose with --name");
    }
    return name;
  }
}
