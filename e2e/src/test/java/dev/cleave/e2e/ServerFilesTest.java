package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** The images' recipes and the service's unit say what this server understands. */
class ServerFilesTest {
  private static final String MAIN = "dev.cleave.server.cli.ServeMain";

  @TempDir Path work;

  /** An instruction of a recipe with its lines joined. */
  private record Instruction(String name, String rest) {
    List<String> array() throws IOException {
      return OpsFiles.strings(new ObjectMapper().readTree(rest));
    }
  }

  private static List<Instruction> recipe(String name) throws IOException {
    String text =
        Files.readString(OpsFiles.FOLDER.resolve(name))
            .replaceAll("(?m)^#.*\\n", "")
            .replaceAll("\\\\\\n\\s*", "");
    List<Instruction> all = new ArrayList<>();
    text.lines()
        .filter(line -> !line.isBlank())
        .forEach(line -> {
          String[] parts = line.split(" ", 2);
          all.add(new Instruction(parts[0], parts[1].strip()));
        });
    return all;
  }

  private static Instruction last(List<Instruction> recipe, String name) {
    return recipe.stream().filter(it -> it.name().equals(name)).toList().getLast();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Dockerfile", "Dockerfile.cuda"})
  void imagesRunThisServerWithoutRights(String name) throws Exception {
    List<Instruction> recipe = recipe(name);
    assertThat(recipe)
        .extracting(Instruction::name)
        .isSubsetOf(
            "FROM",
            "WORKDIR",
            "COPY",
            "RUN",
            "ARG",
            "ENV",
            "USER",
            "EXPOSE",
            "STOPSIGNAL",
            "ENTRYPOINT",
            "CMD");
    for (Instruction it : recipe) {
      if (it.name().equals("FROM")) {
        assertThat(it.rest()).matches("[a-z0-9./-]+:[A-Za-z0-9._-]+( AS [a-z]+)?");
        assertThat(it.rest()).doesNotContain(":latest");
      }
      if (it.name().equals("COPY") && !it.rest().contains("--from")) {
        String source = it.rest().replaceAll("--\\S+ ", "").split(" ", 2)[0];
        assertThat(ServerProcess.HOME.resolve(source)).exists();
      }
    }
    // The last word on who runs it, and nothing is built after it.
    int user = recipe.indexOf(last(recipe, "USER"));
    assertThat(recipe.get(user).rest()).isEqualTo("10001:10001");
    assertThat(recipe.subList(user, recipe.size()))
        .extracting(Instruction::name)
        .doesNotContain("RUN", "COPY");

    List<String> entry = last(recipe, "ENTRYPOINT").array();
    List<String> options = last(recipe, "CMD").array();
    assertThat(entry.getLast()).isEqualTo(MAIN);
    ParseResult parsed = OpsFiles.serve(options);
    assertThat(parsed.hasMatchedOption("--trust")).isTrue();
    String exposed = last(recipe, "EXPOSE").rest();
    assertThat(exposed)
        .isEqualTo(
            parsed.matchedOptionValue("--port", 0)
                + " "
                + parsed.matchedOptionValue("--metrics-port", 0));
    assertStarts(entry);
  }

  /** That this Java knows the options which come before the server's own. */
  private void assertStarts(List<String> entry) throws Exception {
    List<String> command = new ArrayList<>(entry);
    command.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.replaceAll(it -> it.replace("/opt/cleave/lib", lib().toString()));
    command.add("--help");
    assertThat(run(command)).contains("Usage: serve", "--bundle");
  }

  private static Path lib() {
    return ServerProcess.HOME.resolve("decoder-server/target/dist/lib");
  }

  @Test
  void whatIsCopiedIntoTheImageHasNoTokenizer() throws IOException {
    try (Stream<Path> jars = Files.list(lib())) {
      List<String> names = jars.map(jar -> jar.getFileName().toString()).toList();
      assertThat(names).anyMatch(name -> name.startsWith("decoder-server"));
      assertThat(names).noneMatch(name -> name.matches("(tokenizers|onnxruntime|encoder-edge).*"));
      // What the recipe for CUDA takes out is there under that name.
      assertThat(names).anyMatch(name -> name.matches("pytorch-native-cpu-.*\\.jar"));
    }
  }

  private static List<String> unitCommand() throws IOException {
    String unit =
        Files.readString(OpsFiles.FOLDER.resolve("cleave-server.service"))
            .replaceAll("\\\\\\n\\s*", "");
    Matcher line = Pattern.compile("(?m)^ExecStart=(.*)$").matcher(unit);
    assertThat(line.find()).isTrue();
    return List.of(line.group(1).strip().replace("%%", "%").split(" +"));
  }

  private static String setting(String key) throws IOException {
    Matcher line =
        Pattern.compile("(?m)^" + key + "=(.*)$")
            .matcher(Files.readString(OpsFiles.FOLDER.resolve("cleave-server.service")));
    assertThat(line.find()).as(key).isTrue();
    return line.group(1);
  }

  @Test
  void theUnitRunsThisServer() throws Exception {
    List<String> command = unitCommand();
    int main = command.indexOf(MAIN);
    assertThat(main).isPositive();
    ParseResult options = OpsFiles.serve(command.subList(main + 1, command.size()));
    double drain = options.matchedOptionValue("--drain-timeout", Duration.ZERO).toMillis() / 1e3;
    assertThat(Double.parseDouble(setting("TimeoutStopSec"))).isGreaterThanOrEqualTo(drain + 10);
    assertThat(setting("Restart")).isEqualTo("on-failure");
    assertThat(setting("LimitCORE")).isEqualTo("0");
    assertStarts(command.subList(0, main + 1));
  }

  @Test
  void anOptionThatThereIsNotIsNoticed() {
    assertThatThrownBy(() -> OpsFiles.serve(List.of("--bundle", "b", "--max-session", "1")))
        .isInstanceOf(CommandLine.ParameterException.class);
    assertThatThrownBy(() -> OpsFiles.serve(List.of("--bundle", "b", "--port", "grpc")))
        .isInstanceOf(CommandLine.ParameterException.class);
  }

  @Test
  void systemdFindsNothingWrongWithTheUnit() throws Exception {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/systemd-analyze")),
        "systemd-analyze is not here: the unit is not verified");
    Path unit = work.resolve("cleave-server.service");
    String text =
        Files.readString(OpsFiles.FOLDER.resolve("cleave-server.service"))
            .replace("/opt/cleave/jdk/bin/java", "/bin/true")
            .replaceAll("(?m)^Documentation=.*\\n", "");
    Files.writeString(unit, text);
    List<String> verify = List.of("systemd-analyze", "verify", "--man=no", unit.toString());
    assertThat(run(verify)).isEmpty();
    Path wrong = Files.createDirectory(work.resolve("wrong")).resolve("cleave-server.service");
    Files.writeString(wrong, text.replace("NoNewPrivileges=yes", "NoNewPriviledges=yes"));
    assertThat(run(List.of("systemd-analyze", "verify", "--man=no", wrong.toString())))
        .contains("NoNewPriviledges");
  }

  private String run(List<String> command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(work, "output", "");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("%s", command).isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
    return Files.readString(output);
  }
}
