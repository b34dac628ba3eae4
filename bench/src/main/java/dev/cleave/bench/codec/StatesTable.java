package dev.cleave.bench.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.luben.zstd.Zstd;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.profile.Profile;
import dev.cleave.lab.calibrate.Calibration;
import dev.cleave.lab.calibrate.CalibrationOptions;
import dev.cleave.lab.calibrate.CalibrationReport;
import dev.cleave.lab.half.DeviceHalf;
import dev.cleave.lab.half.Framing;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.ServerHalf;
import dev.cleave.lab.measure.Answers;
import dev.cleave.lab.measure.BlockQuantiser;
import dev.cleave.lab.measure.Codec;
import dev.cleave.lab.measure.FieldScore;
import dev.cleave.lab.measure.Judge;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Every mode and preset on the reference model's own states: what it costs, and what it does to the
 * answers of the server half on notes that calibration did not fit to. Bits include headers.
 */
public final class StatesTable {
  /** All that calibration holds out of the notes that ship. */
  private static final int SAMPLES = 500;

  private static final int MAX_ANSWER = 128;

  private final Profile profile;
  private final DeviceHalf device;
  private final ServerHalf server;
  private final List<Sample> samples;
  private final Judge judge;
  private final StatesMeter meter;

  private record Figures(StatesMeter.Figures figures, double fields) {}

  private StatesTable(DeviceHalf device, ServerHalf server, List<Sample> samples, Profile profile) {
    this.profile = profile;
    this.device = device;
    this.server = server;
    this.samples = samples;
    int[][] answers = Answers.of(server, samples, "answers", LabProgress.NONE);
    this.judge = Judge.of(server, samples, answers);
    this.meter = new StatesMeter(judge, samples, profile);
  }

  /**
   * Calibrates the bundle, measures, prints.
   *
   * @param bundle with both halves and no calibration yet; it is written to
   */
  public static void print(Path bundle) throws IOException {
    System.err.println("calibrating the reference model ...");
    CalibrationReport report =
        Calibration.run(bundle, CalibrationOptions.defaults(), LabProgress.NONE);
    Bundle deviceHalf = Bundle.open(bundle, Half.DEVICE);
    Profile profile = Profile.read(deviceHalf.file(report.codec().profileFile()));
    try (DeviceHalf device = DeviceHalf.open(deviceHalf, 1)) {
      List<Sample> samples = heldOut(device, deviceHalf.file("calibration.jsonl"));
      int answer = Math.min(MAX_ANSWER, device.usualAnswer());
      int longest = samples.stream().mapToInt(Sample::positions).max().orElseThrow();
      try (ServerHalf server = ServerHalf.open(Bundle.open(bundle, Half.SERVER), longest, answer)) {
        new StatesTable(device, server, samples, profile).print(report);
      }
    }
  }

  /** Calibration fits to four of five texts; these are among the fifths. */
  private static List<Sample> heldOut(DeviceHalf device, Path file) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<Sample> samples = new ArrayList<>();
    List<String> lines = Files.readAllLines(file);
    for (int i = 4; i < lines.size() && samples.size() < SAMPLES; i += 5) {
      JsonNode line = mapper.readTree(lines.get(i));
      int[] ids = device.tokenize(line.path("note").asText());
      Framing framing = Framing.ofUpload(ids.length);
      samples.add(device.encode(ids, framing, FieldScore.fields(line.path("answer").asText())));
    }
    return samples;
  }

  private void print(CalibrationReport report) {
    int width = profile.width();
    System.out.printf(
        Locale.ROOT,
        "%nStates of the reference model, d = %d: %d notes that the profile was not fitted to,"
            + " %s basis%n%s %7s%n",
        width,
        samples.size(),
        profile.basis().kind(),
        StatesMeter.HEAD,
        "fields");
    for (CodecMode mode : CodecMode.values()) {
      if (!mode.hasTarget()) {
        add(mode.toString(), Codec.of(mode, width));
      }
    }
    add("INT8 with profile", Codec.of(CodecMode.INT8, profile));
    add("INT4 with profile", Codec.of(CodecMode.INT4, profile));
    Figures half = figures("RAW_F16", Codec.of(CodecMode.RAW_F16, width));
    line(
        "f16 and zstd-3 over each note",
        new Figures(half.figures.withBits(zstdBits()), half.fields));
    Figures int8 = blocks(new BlockQuantiser(8));
    Figures int4 = blocks(new BlockQuantiser(4));
    CodecMode mode = CodecMode.RATE;
    for (CodecSection.Preset preset : report.codec().presets()) {
      mode = CodecMode.valueOf(preset.mode().toUpperCase(Locale.ROOT));
      int bytes = preset.bytesPerPosition();
      String name = "%s: %s, %d bytes".formatted(preset.name(), mode, bytes);
      Figures figures = add(name, Codec.constant(mode, profile, bytes));
      if (preset.name().equals("balanced")) {
        ratio(
            "  bytes below int8 blocks",
            int8.figures.bits() / figures.figures.bits(),
            Goal.atLeast(3));
        ratio(
            "  bytes below int4 blocks",
            int4.figures.bits() / figures.figures.bits(),
            Goal.atLeast(2));
        ratio(
            "  KL at most that of int4 blocks",
            figures.figures.kl(),
            Goal.atMost(int4.figures.kl()));
      } else if (preset.name().equals("small")) {
        ratio(
            "  bytes below int4 blocks",
            int4.figures.bits() / figures.figures.bits(),
            Goal.atLeast(2));
        ratio(
            "  KL at most that of int4 blocks",
            figures.figures.kl(),
            Goal.atMost(int4.figures.kl()));
      }
    }
    int bytes = fewestBytes(mode, int4.figures.kl());
    String name = "KL of int4 blocks: %s, %d bytes".formatted(mode, bytes);
    Figures same = add(name, Codec.constant(mode, profile, bytes));
    ratio("  bytes below int4 blocks", int4.figures.bits() / same.figures.bits(), Goal.atLeast(2));
  }

  private int fewestBytes(CodecMode mode, double kl) {
    int tooFew = 1;
    int enough = profile.width() / 2;
    while (enough - tooFew > 1) {
      int middle = (enough + tooFew) / 2;
      if (judge.effect(Codec.constant(mode, profile, middle)).kl() <= kl) {
        enough = middle;
      } else {
        tooFew = middle;
      }
    }
    return enough;
  }

  private static void ratio(String what, double figure, Goal goal) {
    System.out.printf(Locale.ROOT, "%-34s %8.3f  %s%n", what, figure, goal.verdict(figure));
  }

  private Figures add(String name, Codec codec) {
    Figures figures = figures(name, codec);
    line(name, figures);
    return figures;
  }

  private Figures figures(String name, Codec codec) {
    StatesMeter.Figures figures = meter.figures(name, codec);
    int[][] answers = Answers.through(server, samples, codec, name, LabProgress.NONE);
    return new Figures(figures, fields(answers));
  }

  private Figures blocks(BlockQuantiser quantiser) {
    String name = "int%d in blocks of 64".formatted(quantiser.bits());
    StatesMeter.Figures figures = meter.figures(name, quantiser);
    List<Sample> arrived = samples.stream().map(meter.arriving(quantiser)).toList();
    int[][] answers = Answers.of(server, arrived, name, LabProgress.NONE);
    Figures all = new Figures(figures, fields(answers));
    line(name, all);
    return all;
  }

  private double fields(int[][] answers) {
    return Answers.score(device, samples, answers).share();
  }

  private double zstdBits() {
    long bytes = 0;
    long elements = 0;
    for (Sample sample : samples) {
      ByteBuffer halves =
          ByteBuffer.allocate(sample.states().length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : sample.states()) {
        halves.putShort(Float.floatToFloat16(value));
      }
      byte[] planes = BytePlanes.shuffled(halves.array(), Short.BYTES);
      bytes += Zstd.compress(planes, BytePlanes.LEVEL).length;
      elements += sample.states().length;
    }
    return 8.0 * bytes / elements;
  }

  private static void line(String name, Figures it) {
    System.out.printf(Locale.ROOT, "%s %7.4f%n", it.figures.line(name), it.fields);
  }
}
