package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.doctor.Finding;
import dev.cleave.edge.doctor.Level;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DoctorCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void printsOneJsonObjectThatSaysWhatTheExitCodeSays() throws IOException {
    int code = run("doctor", "--json");
    JsonNode json = new ObjectMapper().readTree(out.toString());
    assertThat(json.fieldNames()).toIterable().containsExactly("healthy", "counts", "checks");
    assertThat(code).isEqualTo(json.get("healthy").asBoolean() ? 0 : 1);
    List<String> keys = new ArrayList<>();
    int problems = 0;
    for (JsonNode check : json.get("checks")) {
      assertThat(check.fieldNames()).toIterable().containsExactly("key", "level", "text", "fix");
      keys.add(check.get("key").asText());
      problems += check.get("level").asText().equals("problem") ? 1 : 0;
    }
    assertThat(problems).isEqualTo(json.get("counts").get("problem").asInt());
    assertThat(keys)
        .contains("system", "java", "cpu", "memory", "onnxruntime", "libtorch", "board", "driver")
        .contains("device-node", "vendor-library", "shim", "versions", "simulator", "bundle");
    assertThat(err.toString()).contains("loading ONNX Runtime");
  }

  @Test
  void exitsWithOneOnAProblem() {
    assertThat(run("doctor", "--bundle", folder.resolve("none").toString())).isEqualTo(1);
    assertThat(out.toString())
        .containsPattern("problem +bundle +.*bundle.json")
        .contains("-> ./cleave split")
        .containsPattern("[1-9] problems?, ");
  }

  @Test
  void printsWhatWasSeenAndWhatToDo() {
    PrintWriter printer = new PrintWriter(out);
    DoctorCommand.print(
        List.of(
            new Finding("cpu", Level.OK, "fast", ""),
            new Finding("driver", Level.PROBLEM, "too old", "sudo apt upgrade")),
        printer);
    printer.flush();
    assertThat(out.toString().lines().toList())
        .containsExactly(
            "ok         cpu                fast",
            "problem    driver             too old",
            "                              -> sudo apt upgrade",
            "",
            "1 ok, 0 warnings, 1 problem, 0 not there");
  }

  @Test
  void showsExamplesInHelp() {
    assertThat(run("doctor", "--help")).isZero();
    assertThat(out.toString()).contains("Usage: cleave doctor", "Exit codes: 0 no problems");
  }

  private int run(String... args) {
    return Main.run(args, new PrintWriter(out), new PrintWriter(err));
  }
}
