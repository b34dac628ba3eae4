package dev.cleave.bench.codec;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.profile.Profile;
import dev.cleave.lab.calibrate.Calibration;
import dev.cleave.lab.calibrate.CalibrationReport;
import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.Framing;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.SelfWriting;
import dev.cleave.lab.half.ServerHalf;
import dev.cleave.lab.measure.Answers;
import dev.cleave.lab.measure.BlockQuantiser;
import dev.cleave.lab.measure.Codec;
import dev.cleave.lab.measure.Judge;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Modes and presets on the states of a model that is cut between two layers: what they cost, and
 * what they do to the next token along text that the model wrote after calibration, with another
 * seed. Prompts go in chunks and answers token by token, as in a session. Bits include headers.
 */
public final class CausalStatesTable {
  /** As many as calibration has the model write when nobody says how many. */
  private static final int CALIBRATION_TEXTS = 125;

  private static final long CALIBRATION_SEED = 1;
  private static final int TEXTS = 24;
  private static final int POSITIONS = 192;
  private static final int PROMPT = 48;
  private static final long SEED = 1_000_003;

  /** Of a step: the short header, 3 bytes of protobuf, 5 of gRPC, 9 of HTTP/2. */
  private static final int FRAMING_BYTES = 12 + 3 + 5 + 9;

  /** The most bytes up per token and element, everything above TCP. */
  private static final Map<String, Double> GOALS =
      Map.of("transparent", 0.75, "balanced", 0.36, "small", 0.22);

  private static final List<Integer> CUTS = List.of(1, 4, 8, 15);
  private static final String MODEL = "smollm2-135m-instruct/model-q4_1.gguf";

  private final Path model;
  private final Path folder;
  private final LabProgress progress = new Lines();
  private List<int[]> calibration = List.of();
  private List<int[]> judged = List.of();

  private CausalStatesTable(Path model, Path folder) {
    this.model = model;
    this.folder = folder;
  }

  /**
   * Splits SmolLM2, calibrates, measures, prints; takes a quarter of an hour or more for each cut.
   * Says so and does nothing where {@code CLEAVE_MODELS} has no such model.
   *
   * @param cuts layers on the device; 1, 4, 8 and 15 when empty
   */
  public static void print(List<Integer> cuts) throws IOException {
    Path model = Path.of(System.getenv().getOrDefault("CLEAVE_MODELS", "absent"), MODEL);
    if (!Files.isRegularFile(model)) {
      System.err.println("not measured: CLEAVE_MODELS names no folder with " + MODEL);
      return;
    }
    Path folder = Files.createTempDirectory("cleave-bench");
    try {
      CausalStatesTable table = new CausalStatesTable(model, folder);
      for (int at : cuts.isEmpty() ? CUTS : cuts) {
        table.print(at);
      }
    } finally {
      delete(folder);
    }
  }

  private void print(int at) throws IOException {
    Path bundle = folder.resolve("k" + at);
    SplitOptions options = SplitOptions.defaults().withName("SmolLM2-135M-Instruct").withAt(at);
    SplitCompiler.split(model, bundle, options, ProgressListener.NONE);
    write(bundle);
    CalibrationReport report = Calibration.run(bundle, calibration, CALIBRATION_SEED, progress);
    Bundle deviceHalf = Bundle.open(bundle, Half.DEVICE);
    Profile profile = Profile.read(deviceHalf.file(report.codec().profileFile()));
    try (DeviceHalf device = DeviceHalf.open(deviceHalf, 1)) {
      List<Sample> samples =
          judged.stream()
              .map(ids -> device.encode(ids, Framing.ofSession(PROMPT), Map.of()))
              .toList();
      try (ServerHalf server = ServerHalf.open(Bundle.open(bundle, Half.SERVER), POSITIONS, 1)) {
        int[][] answers = Answers.of(server, samples, "answers", LabProgress.NONE);
        Judge judge = Judge.of(server, samples, answers);
        head(report, samples);
        print(report, profile, new StatesMeter(judge, samples, profile));
      }
    }
    delete(bundle);
  }

  /** The same texts for every cut: the model is the same. */
  private void write(Path bundle) {
    if (!calibration.isEmpty()) {
      return;
    }
    Bundle server = Bundle.open(bundle, Half.SERVER);
    try (DeviceHalf device = DeviceHalf.open(Bundle.open(bundle, Half.DEVICE), 1)) {
      calibration =
          SelfWriting.texts(
              device,
              server,
              new SelfWriting.Plan(CALIBRATION_TEXTS, POSITIONS, CALIBRATION_SEED),
              progress);
      judged =
          SelfWriting.texts(device, server, new SelfWriting.Plan(TEXTS, POSITIONS, SEED), progress);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static void head(CalibrationReport report, List<Sample> samples) {
    SplitPoint.Causal cut = (SplitPoint.Causal) report.manifest().split();
    CodecSection.Calibration calibration = report.codec().calibration();
    System.out.printf(
        Locale.ROOT,
        "%nStates of %s after %d of %d layers, d = %d: %,d tokens of its own that the profile was"
            + " not fitted to; calibrated on %,d and %,d in %.0f s, basis %s%n",
        report.manifest().name(),
        cut.at(),
        cut.layers(),
        report.manifest().width(),
        samples.stream().mapToInt(Sample::positions).sum(),
        calibration.tokens(),
        calibration.heldOutTokens(),
        report.scope().nanos() / 1e9,
        calibration.basis());
    for (CalibrationReport.Tried tried : report.tried()) {
      System.out.printf(
          Locale.ROOT,
          "  %-17s %-13s %4d bytes keep %.5f nats%s%n",
          tried.basis(),
          tried.mode(),
          tried.bytesPerPosition(),
          tried.effect().kl(),
          tried.chosen() ? ", chosen" : "");
    }
    System.out.println(StatesMeter.HEAD);
  }

  private static void print(CalibrationReport report, Profile profile, StatesMeter meter) {
    int width = profile.width();
    for (CodecMode mode :
        List.of(CodecMode.RAW_F16, CodecMode.RAW_BF16, CodecMode.INT8, CodecMode.INT4)) {
      line(mode.toString(), meter.figures(mode.toString(), Codec.of(mode, width)));
    }
    for (CodecMode mode : List.of(CodecMode.INT8, CodecMode.INT4)) {
      String name = mode + " with profile";
      line(name, meter.figures(name, Codec.of(mode, profile)));
    }
    for (int bits : new int[] {8, 4}) {
      String name = "int%d in blocks of 64".formatted(bits);
      line(name, meter.figures(name, new BlockQuantiser(bits)));
    }
    for (CodecSection.Preset preset : report.codec().presets()) {
      CodecMode mode = CodecMode.valueOf(preset.mode().toUpperCase(Locale.ROOT));
      int bytes = preset.bytesPerPosition();
      String name = "%s: %s, %d bytes".formatted(preset.name(), mode, bytes);
      line(name, meter.figures(name, Codec.constant(mode, profile, bytes)));
      double up = (double) (bytes + FRAMING_BYTES) / width;
      Goal goal = Goal.atMost(GOALS.getOrDefault(preset.name(), Double.NaN));
      System.out.printf(
          Locale.ROOT,
          "%-34s %8.3f  %s%n",
          "  bytes up per token and element",
          up,
          goal.verdict(up));
    }
  }

  private static void line(String name, StatesMeter.Figures figures) {
    System.out.println(figures.line(name));
  }

  /** A line for each stage, and one a minute: this takes long. */
  private static final class Lines implements LabProgress {
    private static final long BETWEEN_NANOS = 60_000_000_000L;

    private String stage = "";
    private long next;

    @Override
    public synchronized void at(String now, int done, int total) {
      if (!now.equals(stage) || System.nanoTime() >= next) {
        stage = now;
        next = System.nanoTime() + BETWEEN_NANOS;
        System.err.println("  " + now + ": " + done + (total > 0 ? " of " + total : ""));
      }
    }
  }
}
