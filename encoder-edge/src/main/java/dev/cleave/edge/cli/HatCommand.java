package dev.cleave.edge.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.SampleFiles;
import dev.cleave.split.hailo.sim.SimCompiler;
import dev.cleave.split.hailo.sim.WeightBits;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code cleave hat}: what a bundle needs for the AI HAT+, or for its simulator. */
@Command(
    name = "hat",
    description = {
      "What a bundle that was split with --hailo needs to run on an AI HAT+ 2, or on its simulator."
    },
    subcommands = {HatCommand.Compile.class, HatCommand.Samples.class},
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  cleave hat compile --bundle notes",
      "  cleave generate --bundle notes --engine hat-sim \"Pt c/o chest pain for 3 days.\"",
      "  cleave hat samples --bundle notes --text mails.txt --out samples"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class HatCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given: compile or samples; see cleave hat --help");
  }

  /** The bundle, and text like that which will be sent. */
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class Text {
    private static final long MAX_BYTES = 64 << 20;

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
        names = "--bundle",
        required = true,
        paramLabel = "DIR",
        description = "The bundle; only its device half is needed.")
    Path bundle;

    @Option(
        names = "--text",
        paramLabel = "FILE",
        description = {
          "Text like that which will be sent, one a line; or .jsonl with {\"note\": ...} (default: the",
          "bundle's own calibration.jsonl)."
        })
    @Nullable Path text;

    @Option(
        names = "--samples",
        paramLabel = "N",
        defaultValue = "200",
        description = "Read at most so many texts (default: ${DEFAULT-VALUE}).")
    int samples;

    /** The texts as ids. */
    List<LongBuffer> read(Bundle device) {
      if (samples < 1 || samples > 1 << 20) {
        throw new ParameterException(
            spec.commandLine(), "--samples must be from 1 to 1048576, was " + samples);
      }
      List<LongBuffer> all = new ArrayList<>();
      try (HfTokenizer tokenizer = HfTokenizer.open(device.file("tokenizer.json"), Set.of())) {
        for (String line : lines(device)) {
          if (all.size() < samples) {
            int[] ids = tokenizer.encode(line);
            LongBuffer buffer = LongBuffer.allocate(ids.length);
            for (int id : ids) {
              buffer.put(id);
            }
            all.add(buffer.flip());
          }
        }
      }
      if (all.isEmpty()) {
        throw new ParameterException(spec.commandLine(), "there is no text in " + source(device));
      }
      return all;
    }

    private Path source(Bundle device) {
      if (text != null) {
        return text;
      }
      String own = "calibration.jsonl";
      if (!device.manifest().has(Half.DEVICE, own)) {
        throw new ParameterException(
            spec.commandLine(), "the bundle brings no text; give some with --text FILE");
      }
      return device.file(own);
    }

    private List<String> lines(Bundle device) {
      Path file = source(device);
      try {
        if (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
          throw new ParameterException(
              spec.commandLine(), "--text: no file of at most 64 MiB at " + file);
        }
        List<String> texts = new ArrayList<>();
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
          String note = line;
          if (file.toString().endsWith(".jsonl")) {
            JsonNode json = Json.MAPPER.readTree(line);
            note = json.path("note").asText();
          }
          if (!note.isBlank()) {
            texts.add(note);
          }
        }
        return texts;
      } catch (IOException e) {
        // Without the parser's own words, which quote the text.
        throw new ParameterException(
            spec.commandLine(), "--text: cannot read " + file + " as UTF-8 text or JSON lines");
      }
    }
  }

  /** {@code cleave hat compile}. */
  @Command(
      name = "compile",
      description = {
        "Compile the encoder for the simulator of the AI HAT+, for development: weights are rounded",
        "row by row, activations to 16 bits in ranges that are measured on text. The models go into",
        "the bundle, which gets a new id."
      },
      sortOptions = false)
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class Compile implements Runnable {
    private static final int EVERY = 100;

    @Spec CommandSpec spec;
    @Mixin Text text;

    @Option(
        names = "--weights",
        paramLabel = "BITS",
        defaultValue = "8",
        converter = Bits.class,
        description = "Bits of each weight: 8 or 16 (default: ${DEFAULT-VALUE}).")
    WeightBits weights;

    @Mixin SigningOptions signing;

    @Override
    public void run() {
      PrintWriter err = spec.commandLine().getErr();
      SigningOptions.Signing signed = signing.renewing(text.bundle);
      Bundle device = Bundle.open(text.bundle, Half.DEVICE);
      List<LongBuffer> samples = text.read(device);
      long began = System.nanoTime();
      BundleManifest manifest =
          SimCompiler.compile(text.bundle, samples, weights, progress(samples.size(), err));
      signed.end(text.bundle, err);
      PrintWriter out = spec.commandLine().getOut();
      out.printf(
          Locale.ROOT,
          "%s: compiled for the simulator at %s positions, %d-bit weights, ranges of %d texts,"
              + " in %.1f s; bundle id %s%n"
              + "  give the server the new bundle.json: the halves must have the same id%n",
          text.bundle,
          CompiledModels.lengths(manifest),
          weights.bits(),
          samples.size(),
          (System.nanoTime() - began) / 1e9,
          manifest.id().abbreviated());
      out.flush();
    }

    private static IntConsumer progress(int samples, PrintWriter err) {
      return done -> {
        if (done % EVERY == 0) {
          err.printf("measured %d of %d texts%n", done, samples);
          err.flush();
        }
      };
    }
  }

  /** {@code cleave hat samples}. */
  @Command(
      name = "samples",
      description = {
        "Write calibration data for the vendor's compiler: embeddings-L.npy and mask-L.npy for each",
        "length, as device/hailo/README.md of the bundle uses them. They hold the text's embeddings,",
        "from which anyone with the bundle can read it: delete them after use."
      },
      sortOptions = false)
  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  static final class Samples implements Runnable {
    @Spec CommandSpec spec;
    @Mixin Text text;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "Where the files go.")
    Path folder;

    @Override
    public void run() {
      Bundle device = Bundle.open(text.bundle, Half.DEVICE);
      List<LongBuffer> samples = text.read(device);
      SampleFiles.write(device, samples, folder);
      PrintWriter out = spec.commandLine().getOut();
      out.printf(
          "%s: %d samples at %s positions%n",
          folder, samples.size(), CompiledModels.lengths(device.manifest()));
      out.flush();
    }
  }

  /** Bits as people write them. */
  static final class Bits implements ITypeConverter<WeightBits> {
    @Override
    public WeightBits convert(String value) {
      return switch (value) {
        case "8" -> WeightBits.EIGHT;
        case "16" -> WeightBits.SIXTEEN;
        default -> throw new TypeConversionException("must be 8 or 16: " + value);
      };
    }
  }
}
