package dev.cleave.lab.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.cleave.edge.cli.SigningOptions;
import dev.cleave.lab.calibrate.Calibration;
import dev.cleave.lab.calibrate.CalibrationOptions;
import dev.cleave.lab.calibrate.CalibrationReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cleave calibrate}: fits the codec to a bundle. */
@Command(
    name = "calibrate",
    description = {
      "Fit the tensor codec to a bundle: run the device half over text, choose the coordinates and",
      "the bytes per token by what they do to the server half's next token on text that was held",
      "out, and write the profile and the presets into both halves. The bundle gets a new id: give",
      "both sides their half again. Until all is measured nothing is written."
    },
    sortOptions = false,
    footer = {
      "",
      "Presets, by the mean divergence (KL) of the next token's distribution: transparent 0.0005",
      "nats, balanced 0.01 (the default of a session), small 0.06, or what int4 in blocks of 64",
      "costs on this bundle where that is less.",
      "",
      "Exit codes: 0 calibrated, 1 failed, 2 refused (usage, or no usable text).",
      "",
      "Examples:",
      "  cleave calibrate --bundle /tmp/notes",
      "  cleave calibrate --bundle flan --text mails.txt --tokens 200000",
      "  cleave calibrate --bundle flan --text pairs.jsonl --json",
      "  cleave calibrate --bundle smollm2 --sign keys/signing-key.json"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class CalibrateCommand implements Callable<Integer> {
  static final ObjectWriter JSON = new ObjectMapper().writerWithDefaultPrettyPrinter();

  @Spec CommandSpec spec;

  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "The bundle's folder, with both halves.")
  Path bundle;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = {
        "Text like that which will be sent, one a line; or .jsonl with {\"note\": ..., \"answer\":"
            + " ...}, the",
        "answer being optional (default: the calibration.jsonl that the bundle brings; without one, a",
        "model that is cut between two layers writes text itself)."
      })
  @Nullable Path text;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = {
        "Read at most so many tokens (default: all; 24,000 where the model writes them). 100 for each",
        "channel of the boundary or more are good; every fifth text is held out."
      })
  long tokens;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = {
        "Of the draws behind the Fisher weights and of the model's own text (default:",
        "${DEFAULT-VALUE})."
      })
  long seed;

  @Mixin private SigningOptions signing = new SigningOptions();

  @Option(names = "--json", description = "Print the figures as one JSON object.")
  boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    if (tokens < 0) {
      throw new ParameterException(spec.commandLine(), "--tokens must be positive, was " + tokens);
    }
    CalibrationOptions options = CalibrationOptions.defaults().withMaxTokens(tokens).withSeed(seed);
    if (text != null) {
      options = options.withText(text);
    }
    SigningOptions.Signing signed = signing.renewing(bundle);
    StageLines progress = new StageLines(spec.commandLine().getErr(), System::nanoTime);
    CalibrationReport report = Calibration.run(bundle, options, progress);
    signed.end(bundle, spec.commandLine().getErr());
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(JSON.writeValueAsString(ReportText.json(report)));
      out.flush();
    } else {
      ReportText.print(report, out);
    }
    return 0;
  }
}
