package dev.cleave.edge.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.SplitReport;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.HailoBuckets;
import dev.cleave.split.onnx.DevicePrecision;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code cleave split}: a checkpoint in, a bundle out. What needs both halves to go on with the
 * bundle extends this.
 */
@Command(
    name = "split",
    description = {
      "Cut a checkpoint into a device half and a server half whose files are named by their hashes:",
      "a Hugging Face folder (config.json, safetensors, tokenizer.json) or a GGUF file. T5, mT5, BART",
      "and Marian are cut between encoder and decoder; Llama, Mistral, Qwen2, Qwen3 and GPT-2 after",
      "--at layers. Whatever cannot be split exactly is refused by name.",
      "With --bundle and --hef: take models compiled for an AI HAT+ into a bundle that stands."
    },
    sortOptions = false,
    footer = {
      "",
      "Exit codes: 0 split, 1 failed, 2 refused (usage, or a checkpoint that cannot be split).",
      "",
      "Examples:",
      "  cleave split --model models/reference-notes --out /tmp/notes",
      "  cleave split --model ~/SmolLM2-135M-Instruct --at 4 --out smol",
      "  cleave split --model ~/smollm2-135m-instruct-q4_1.gguf --at 4 --out smol --force",
      "  cleave split --model ~/Qwen3-1.7B --at 4 --device-precision int4 --out qwen",
      "  cleave split --model ~/bart --out bart --max-prompt 512 --json",
      "  cleave split --model models/reference-notes --out notes --hailo 32,64,128",
      "  cleave split --model models/reference-notes --out notes --sign keys/signing-key.json",
      "  cleave split --bundle notes --hef encoder-32.hef,encoder-64.hef,encoder-128.hef"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public class SplitCommand implements Callable<Integer> {
  private static final int PERCENT_STEP = 10;
  private static final long QUIET_BELOW_BYTES = 16L << 20;
  private static final long QUIET_NANOS = 2_000_000_000;
  private static final long BETWEEN_NANOS = 500_000_000;

  @Spec CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description = "The checkpoint's folder, or a GGUF file.")
  @Nullable Path model;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where the bundle will stand; it appears there only when it is whole.")
  @Nullable Path out;

  @Option(
      names = "--at",
      paramLabel = "K",
      description =
          "The layers of a decoder-only model that run on the device, from 1 to one less than all;"
              + " such a model needs it, others are cut between encoder and decoder.")
  @Nullable Integer at;

  @Option(
      names = "--allow-embedding-split",
      description =
          "Permit --at 0, where the device only looks rows up in the embedding table and anyone"
              + " with that table reads the text from what crosses.")
  boolean allowEmbeddingSplit;

  @Option(
      names = "--device-precision",
      paramLabel = "P",
      defaultValue = "f32",
      converter = DevicePrecisionName.class,
      description =
          "What a decoder-only model's linear weights are stored as on the device: f32, int8 or"
              + " int4 (default: ${DEFAULT-VALUE}).")
  DevicePrecision devicePrecision;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The bundle's name (default: the checkpoint's).")
  @Nullable String name;

  @Option(names = "--force", description = "Replace a bundle that stands at --out.")
  boolean force;

  @Option(
      names = "--max-prompt",
      paramLabel = "N",
      description =
          "The longest prompt in tokens, at most the model's own (default: that or 1024); of a"
              + " decoder-only model the longest context, which is all turns together (default:"
              + " that or 4096).")
  @Nullable Integer maxPrompt;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description =
          "The longest answer in tokens, at most the model's own (default: that or 1024).")
  @Nullable Integer maxTokens;

  @Option(
      names = "--hailo",
      paramLabel = "L,L",
      arity = "0..1",
      fallbackValue = "32,64,128",
      converter = HailoLengths.class,
      description = {
        "Write the encoder for an AI HAT+ as well, for inputs of these lengths, and how to compile it:",
        "device/hailo/ (default without a value: ${FALLBACK-VALUE})."
      })
  @Nullable HailoBuckets hailo;

  @Option(
      names = "--bundle",
      paramLabel = "DIR",
      description = "The bundle that --hef goes into, instead of --model and --out.")
  @Nullable Path bundle;

  @Option(
      names = "--hef",
      paramLabel = "FILE",
      split = ",",
      description = {
        "Models that were compiled from the bundle's device/hailo/*.onnx. Beside each must lie",
        "FILE.from, which names the graph by its sha-256, as device/hailo/README.md has it."
      })
  List<Path> hef = List.of();

  @Mixin private SigningOptions signing = new SigningOptions();

  @Option(names = "--json", description = "Print what was written as one JSON object.")
  boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    if (bundle != null || !hef.isEmpty()) {
      takeIn();
      return 0;
    }
    PrintWriter err = spec.commandLine().getErr();
    Path from = required("--model", model);
    Path to = required("--out", out);
    SigningOptions.Signing signed = signing.writing(to);
    SplitReport report;
    try {
      report = SplitCompiler.split(from, to, options(), progress(err));
    } catch (CheckpointRefused | MalformedCheckpoint e) {
      err.println("refused: " + (e.subject() + ": " + e.detail()).replaceAll("\\R", " "));
      err.flush();
      return Failures.REFUSED;
    }
    complete(report);
    signed.end(to, err);
    return 0;
  }

  private Path required(String option, @Nullable Path value) {
    if (value == null) {
      throw new ParameterException(spec.commandLine(), "Missing required option: '" + option + "'");
    }
    return value;
  }

  /** Compiled models go into a bundle that stands. */
  private void takeIn() throws JsonProcessingException {
    Path root = required("--bundle", bundle);
    if (hef.isEmpty() || model != null || out != null || hailo != null) {
      throw new ParameterException(
          spec.commandLine(), "--bundle goes with --hef, without --model, --out and --hailo");
    }
    SigningOptions.Signing signed = signing.renewing(root);
    BundleManifest manifest = CompiledModels.takeIn(root, hef);
    signed.end(root, spec.commandLine().getErr());
    PrintWriter stdout = spec.commandLine().getOut();
    if (json) {
      ObjectNode object = InspectCommand.describe(manifest).put("path", root.toString());
      stdout.println(Json.MAPPER.writeValueAsString(object));
    } else {
      stdout.printf(
          "%s: took in %d compiled model%s; bundle id %s%n"
              + "  give the server the new bundle.json: the halves must have the same id%n",
          root, hef.size(), hef.size() == 1 ? "" : "s", manifest.id().abbreviated());
    }
    stdout.flush();
  }

  /** Lengths as people write them. */
  static final class HailoLengths implements ITypeConverter<HailoBuckets> {
    @Override
    public HailoBuckets convert(String value) {
      try {
        return HailoBuckets.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** Precisions by their names on the command line. */
  static final class DevicePrecisionName implements ITypeConverter<DevicePrecision> {
    @Override
    public DevicePrecision convert(String value) {
      return switch (value) {
        case "f32" -> DevicePrecision.F32;
        case "int8" -> DevicePrecision.INT8;
        case "int4" -> DevicePrecision.INT4;
        default -> throw new TypeConversionException("must be f32, int8 or int4: " + value);
      };
    }
  }

  /** Told of the bundle that stands; prints it. */
  protected void complete(SplitReport report) throws JsonProcessingException {
    print(report, null);
  }

  private SplitOptions options() {
    SplitOptions options =
        SplitOptions.defaults()
            .withReplace(force)
            .withLimits(maxPrompt, maxTokens)
            .withCut(
                new SplitOptions.Cut(
                    at == null ? OptionalInt.empty() : OptionalInt.of(at),
                    allowEmbeddingSplit,
                    devicePrecision));
    options = hailo == null ? options : options.withHailo(hailo);
    return name == null ? options : options.withName(name);
  }

  /** A line per tenth of a large step, and not many a second, once there was time to wonder. */
  private static ProgressListener progress(PrintWriter err) {
    String[] announced = {""};
    long[] next = {System.nanoTime() + QUIET_NANOS};
    return progress -> {
      long now = System.nanoTime();
      if (progress.totalBytes() < QUIET_BELOW_BYTES || now - next[0] < 0) {
        return;
      }
      long percent = 100 * progress.doneBytes() / progress.totalBytes();
      String tenth = progress.step() + percent / PERCENT_STEP;
      if (!tenth.equals(announced[0])) {
        announced[0] = tenth;
        next[0] = now + BETWEEN_NANOS;
        err.printf(Locale.ROOT, "%s %d %%%n", progress.step(), percent);
        err.flush();
      }
    };
  }

  /**
   * Prints what was written.
   *
   * @param calibration joins the JSON form, where there is one
   */
  protected final void print(SplitReport report, @Nullable ObjectNode calibration)
      throws JsonProcessingException {
    PrintWriter stdout = spec.commandLine().getOut();
    BundleManifest manifest = report.manifest();
    if (json) {
      ObjectNode object = InspectCommand.describe(manifest).put("path", report.root().toString());
      if (calibration != null) {
        object.set("calibration", calibration);
      }
      stdout.println(Json.MAPPER.writeValueAsString(object));
    } else {
      stdout.printf(
          Locale.ROOT,
          "%s: %s split in %.1f s%n  device %s, server %s, bundle id %s%n",
          report.root(),
          manifest.name(),
          report.nanos() / 1e9,
          InspectCommand.size(manifest.bytes(Half.DEVICE)),
          InspectCommand.size(manifest.bytes(Half.SERVER)),
          manifest.id().abbreviated());
      manifest.model().notes().forEach(note -> stdout.println("  note: " + note));
    }
    stdout.flush();
  }

  /** The command line that this is a part of. */
  protected final CommandLine commandLine() {
    return spec.commandLine();
  }

  /** Whether one JSON object is to be printed and nothing else. */
  protected final boolean asJson() {
    return json;
  }
}
