package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.lab.measure.FieldScore;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.hailo.HailoBuckets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The reference model with its encoder on the simulator of the AI HAT+: as good as on ONNX Runtime,
 * and under each fault right or failing as documented. Split, compile, generate and serve are the
 * commands of the distributions, each a process of its own, but for the many notes, which one
 * client sends.
 */
class HatSimTest {
  private static final Path SIMULATOR =
      ServerProcess.HOME.resolve("native/hat-ffm/target/native/libcleave_hat_sim.so");
  private static final Path REFERENCE = ServerProcess.HOME.resolve("models/reference-notes");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Far from those that the ranges are measured on, which are the first. */
  private static final int FIRST_NOTE = 2000;

  private static final int NOTES = 200;
  private static final String NOTE = "Pt c/o palpitations x 3 days. BP 148 over 92, HR 88.";
  private static final long SECONDS = 300;

  @TempDir static Path work;
  private static @Nullable ServerProcess server;
  private static Path bundle = Path.of("");

  @BeforeAll
  static void compileAndServe() throws Exception {
    assumeThat(Files.exists(SIMULATOR))
        .as("the simulator: %s is not there; the build makes it where g++ is", SIMULATOR)
        .isTrue();
    bundle = work.resolve("bundle");
    SplitCompiler.split(
        REFERENCE,
        bundle,
        SplitOptions.defaults().withHailo(HailoBuckets.parse("32,64,128")),
        ProgressListener.NONE);
    Ran compiled = run(Map.of(), "hat", "compile", "--bundle", bundle.toString());
    assertThat(compiled.code()).as(compiled.err()).isZero();
    System.err.print(compiled.out());
    server = ServerProcess.start(bundle, "--max-sessions", "8");
  }

  @AfterAll
  static void stop() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  /** What a process left. */
  private record Ran(int code, String out, String err) {}

  private static Ran run(Map<String, String> environment, String... arguments) throws Exception {
    Path folder = Files.createTempDirectory(work, "run");
    List<String> command =
        new ArrayList<>(ServerProcess.command("encoder-edge", "dev.cleave.edge.cli.Main"));
    command.add(command.indexOf("-cp"), "-Dcleave.home=" + ServerProcess.HOME);
    command.add(command.indexOf("-cp"), "-Dcleave.hat.timeout.millis=3000");
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(folder.resolve("err").toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).as("it must end").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ran(
        process.exitValue(),
        Files.readString(folder.resolve("out")),
        Files.readString(folder.resolve("err")));
  }

  private static String address() {
    return Objects.requireNonNull(server, "it was not started").address();
  }

  private static Ran generate(String engine, String faults) throws Exception {
    return run(
        Map.of("CLEAVE_HAT_SIM", faults),
        "generate",
        "--bundle",
        bundle.toString(),
        "--server",
        address(),
        "--engine",
        engine,
        "--deadline",
        "2m",
        NOTE);
  }

  @Test
  void readsNotesAsWellAsOnnxRuntime() throws IOException {
    List<Bundles.Sample> notes = new ArrayList<>(Bundles.samples());
    List<String> lines = Files.readAllLines(REFERENCE.resolve("calibration.jsonl"));
    for (String line : lines.subList(FIRST_NOTE, FIRST_NOTE + NOTES)) {
      JsonNode note = JSON.readTree(line);
      notes.add(new Bundles.Sample(note.path("note").asText(), note.path("answer").asText()));
    }
    double cpu = fieldsRight(notes, EngineChoice.ORT);
    double board = fieldsRight(notes, EngineChoice.HAT_SIM);
    System.err.printf(
        Locale.ROOT,
        "fields right of %d notes: ort %.4f, hat-sim %.4f; at most 0.005 fewer are allowed%n",
        notes.size(),
        cpu,
        board);
    assertThat(cpu).isGreaterThan(0.85);
    assertThat(board).isGreaterThanOrEqualTo(cpu - 0.005);
  }

  /** Many at once, so that one is prepared while another is on the board. */
  private static double fieldsRight(List<Bundles.Sample> notes, EngineChoice engine) {
    ClientOptions options = ClientOptions.of(address()).withEngine(engine);
    FieldScore score = new FieldScore();
    try (CleaveClient client = CleaveClient.open(bundle, options)) {
      assertThat(client.engine()).isEqualTo(engine.text());
      for (int first = 0; first < notes.size(); first += 4) {
        List<Bundles.Sample> some = notes.subList(first, Math.min(first + 4, notes.size()));
        List<Generation> answers =
            some.stream()
                .map(note -> client.generate(note.note(), GenerateOptions.defaults()))
                .toList();
        for (int i = 0; i < some.size(); i++) {
          try (Generation answer = answers.get(i)) {
            score.add(FieldScore.fields(some.get(i).answer()), FieldScore.fields(answer.text()));
          }
        }
      }
    }
    return score.share();
  }

  @Test
  void answersAsOnnxRuntimeDoesAndSaysWhatRan() throws Exception {
    Ran cpu = generate("ort", "");
    Ran simulated = generate("hat-sim", "");
    assertThat(cpu.code()).as(cpu.err()).isZero();
    assertThat(simulated.code()).as(simulated.err()).isZero();
    assertThat(simulated.out()).isEqualTo(cpu.out()).contains("reason: palpitations");
    assertThat(cpu.err()).contains("engine      ort");
    assertThat(simulated.err()).contains("engine      hat-sim", "a simulator, for development");
    Ran automatic = generate("auto", "");
    assertThat(automatic.out()).isEqualTo(cpu.out());
    assertThat(automatic.err()).contains("engine=ort choice=auto reason=", "engine      ort");
    Ran board = generate("hat", "");
    assertThat(board.code()).isEqualTo(1);
    assertThat(board.err()).contains("no models compiled for the AI HAT+", "--engine ort");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lost_at_call=1",
        "timeout_at=1,late_us=-1",
        "launch_fails_at=1",
        "throttled=1,latency_us=20000,queue=1",
      })
  void answersInSpiteOf(String fault) throws Exception {
    Ran ran = generate("hat-sim", fault);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("reason: palpitations", "since: 3 days");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "devices=0         | OUT_OF_PHYSICAL_DEVICES",
        "driver_mismatch=1 | INVALID_DRIVER_VERSION",
        "hef_release=5003  | INVALID_HEF",
        "fails_at=1        | INTERNAL_FAILURE",
      })
  void failsAsDocumentedUnder(String fault, String status) throws Exception {
    Ran ran = generate("hat-sim", fault);
    assertThat(ran.code()).as(ran.out()).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).contains("cleave: ", status).doesNotContain("palpitations");
  }
}
