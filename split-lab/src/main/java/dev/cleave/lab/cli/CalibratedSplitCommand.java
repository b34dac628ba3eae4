package dev.cleave.lab.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.cleave.edge.cli.SplitCommand;
import dev.cleave.lab.calibrate.Calibration;
import dev.cleave.lab.calibrate.CalibrationOptions;
import dev.cleave.lab.calibrate.CalibrationReport;
import dev.cleave.split.SplitReport;
import dev.cleave.split.bundle.SplitPoint;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code cleave split} with both halves at hand: the bundle is calibrated as well. */
@Command(
    name = "split",
    sortOptions = false,
    footer = {
      "",
      "The bundle is calibrated where there is text to do it with: a calibration.jsonl in the",
      "checkpoint's folder, or --calibration-text. A decoder-only model can write its text itself,",
      "which cleave calibrate asks of it; until then sessions send int8. See cleave calibrate --help.",
      "",
      "Exit codes: 0 split, 1 failed, 2 refused (usage, or a checkpoint that cannot be split).",
      "",
      "Examples:",
      "  cleave split --model models/reference-notes --out /tmp/notes",
      "  cleave split --model ~/flan-t5-small --out flan --calibration-text mails.txt --force",
      "  cleave split --model ~/SmolLM2-135M-Instruct --at 4 --out smol",
      "  cleave split --model ~/smollm2-135m-instruct-q4_1.gguf --at 4 --out smol --force",
      "  cleave split --model ~/Qwen3-1.7B --at 4 --device-precision int4 --out qwen",
      "  cleave split --model ~/bart --out bart --max-prompt 512 --no-calibrate --json"
    })
final class CalibratedSplitCommand extends SplitCommand {
  @Option(
      names = "--no-calibrate",
      description = "Only split; sessions then use int8, and calibrate can be run later.")
  boolean noCalibrate;

  @Option(
      names = "--calibration-text",
      paramLabel = "FILE",
      description = "Text to calibrate with, as for calibrate --text.")
  @Nullable Path text;

  @Override
  public Integer call() throws JsonProcessingException {
    // found out before the work, not after
    if (text != null && noCalibrate) {
      throw new ParameterException(
          commandLine(), "--calibration-text and --no-calibrate exclude each other");
    }
    if (text != null && !Files.isRegularFile(text)) {
      throw new ParameterException(commandLine(), "--calibration-text: no file " + text);
    }
    return super.call();
  }

  @Override
  protected void complete(SplitReport report) throws JsonProcessingException {
    PrintWriter err = commandLine().getErr();
    String later = "cleave calibrate --bundle " + report.root() + " --text FILE";
    boolean brought = Files.isRegularFile(report.root().resolve("device/calibration.jsonl"));
    if (noCalibrate || (text == null && !brought)) {
      if (!noCalibrate) {
        err.println(
            switch (report.manifest().split()) {
              case SplitPoint.EncoderDecoder _ ->
                  "not calibrated, for want of text: sessions send int8, about four times what the"
                      + " balanced preset needs; give text later with: "
                      + later;
              case SplitPoint.Causal _ ->
                  "not calibrated: sessions send int8 until cleave calibrate --bundle "
                      + report.root()
                      + " has fitted the codec, to text which the model writes itself";
            });
        err.flush();
      }
      super.complete(report);
      return;
    }
    CalibrationOptions options = CalibrationOptions.defaults();
    CalibrationReport calibration;
    try {
      calibration =
          Calibration.run(
              report.root(),
              text == null ? options : options.withText(text),
              new StageLines(err, System::nanoTime));
    } catch (RuntimeException e) {
      err.println("the bundle is whole but not calibrated; try again with: " + later);
      throw e;
    }
    SplitReport renewed = new SplitReport(report.root(), calibration.manifest(), report.nanos());
    print(renewed, ReportText.json(calibration));
    if (!asJson()) {
      ReportText.print(calibration, commandLine().getOut());
    }
  }
}
