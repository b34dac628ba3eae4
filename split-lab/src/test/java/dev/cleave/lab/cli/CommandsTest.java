package dev.cleave.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.lab.Bundles;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.signing.SigningKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandsTest {
  @TempDir Path folder;

  private record Run(int code, String out, String err) {
    static Run of(Object... arguments) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
      int code =
          dev.cleave.edge.cli.Main.run(
              texts, new PrintWriter(out), new PrintWriter(err), Main.commands());
      return new Run(code, out.toString(), err.toString());
    }
  }

  @Test
  void showsBothCommandsInHelp() {
    Run calibrate = Run.of("calibrate", "--help");
    assertThat(calibrate.code()).isZero();
    assertThat(calibrate.out()).contains("Usage: cleave calibrate", "--tokens", "Examples:");
    Run split = Run.of("split", "--help");
    assertThat(split.out())
        .contains(
            "--no-calibrate", "--calibration-text", "--max-prompt", "Whatever cannot be split");
    assertThat(Run.of("--help").out()).contains("generate", "calibrate", "split");
  }

  @Test
  void splitsCalibratesAndPrintsOneObject() throws IOException {
    Path text = folder.resolve("text.jsonl");
    List<String> lines = Files.readAllLines(Bundles.REFERENCE.resolve("calibration.jsonl"));
    Files.write(text, lines.subList(0, 40));
    Path out = folder.resolve("bundle");
    String key = SigningKey.generate(folder.resolve("keys")).id().hex();
    Path secret = folder.resolve("keys").resolve(SigningKey.PRIVATE_FILE);
    Run split =
        Run.of(
            "split",
            "--model",
            Bundles.REFERENCE,
            "--out",
            out,
            "--calibration-text",
            text,
            "--sign",
            secret,
            "--json");
    assertThat(split.code()).as(split.err()).isZero();
    assertThat(split.err()).contains("signed with key " + key);
    // Once it was calibrated, not before.
    var _ = Bundle.readManifest(out, SigningKey.read(secret).asTrust());
    JsonNode json = new ObjectMapper().readTree(split.out());
    String id = Bundle.readManifest(out).id().hex();
    assertThat(json.path("bundleId").asText()).isEqualTo(id);
    assertThat(json.path("calibration").path("codecs")).hasSize(6);
    assertThat(json.path("calibration").path("bundleId").asText()).isEqualTo(id);

    Run again = Run.of("calibrate", "--bundle", out, "--text", text, "--tokens", "1500", "--json");
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.err()).contains("no longer signed: key " + key);
    json = new ObjectMapper().readTree(again.out());
    assertThat(json.path("bundleId").asText()).isNotEqualTo(id);
    assertThat(json.path("codecs").path(1).path("name").asText()).isEqualTo("int8");
    assertThat(json.path("codecs").path(1).path("fieldAccuracy").isNumber()).isTrue();
    assertThat(json.path("candidates").path(0).path("basis").asText()).isEqualTo("diagonal");
  }

  @Test
  void splitsWithoutCalibrationAndSaysWhatThatMeans() {
    Path out = folder.resolve("marian");
    Run without = Run.of("split", "--model", Bundles.FIXTURES.resolve("marian"), "--out", out);
    assertThat(without.code()).isZero();
    assertThat(without.err().lines()).hasSize(1);
    assertThat(without.err()).contains("not calibrated", "cleave calibrate --bundle " + out);
    Path asked = folder.resolve("asked");
    Run refused = Run.of("split", "--model", Bundles.REFERENCE, "--out", asked, "--no-calibrate");
    assertThat(refused.code()).isZero();
    assertThat(refused.err()).isEmpty();
    assertThat(Bundle.readManifest(asked).codec()).isEmpty();
    assertThat(asked.resolve("device/calibration.jsonl")).exists();
  }

  @Test
  void refusesWhatItCannotDoInOneLineWithCodeTwo() {
    Path out = folder.resolve("never");
    Object[][] wrong = {
      {"calibrate"},
      {"calibrate", "--bundle", "b", "--tokens", "-1"},
      {"split", "--model", Bundles.REFERENCE, "--out", out, "--calibration-text", "none.txt"},
      {
        "split",
        "--model",
        Bundles.REFERENCE,
        "--out",
        out,
        "--no-calibrate",
        "--calibration-text",
        "pom.xml"
      },
    };
    for (Object[] line : wrong) {
      Run run = Run.of(line);
      assertThat(run.code()).as(Arrays.toString(line)).isEqualTo(2);
      assertThat(run.err().lines()).hasSize(1);
      assertThat(run.out()).isEmpty();
    }
    assertThat(out).doesNotExist();
    Path bundle = Bundles.fixture("marian", folder);
    Run noText = Run.of("calibrate", "--bundle", bundle);
    assertThat(noText.code()).isEqualTo(2);
    assertThat(noText.err()).contains("--text FILE").hasLineCount(1);
  }

  @Test
  void calibratesAModelThatWritesItsOwnText() throws IOException {
    Path bundle = Bundles.causal(folder);
    String id = Bundle.readManifest(bundle).id().hex();
    Run json = Run.of("calibrate", "--bundle", bundle, "--tokens", "1000", "--json");
    assertThat(json.code()).as(json.err()).isZero();
    JsonNode root = new ObjectMapper().readTree(json.out());
    assertThat(root.path("bundleId").asText())
        .isEqualTo(Bundle.readManifest(bundle).id().hex())
        .isNotEqualTo(id);
    assertThat(root.path("text").path("tokens").asInt()).isEqualTo(4 * 192);
    assertThat(root.path("text").path("heldOutTokens").asInt()).isEqualTo(192);
    assertThat(root.path("text").path("fields").asInt()).isZero();
    assertThat(root.path("notes").toString()).contains("wrote the text itself");

    Run people = Run.of("calibrate", "--bundle", bundle, "--tokens", "1000");
    assertThat(people.out()).contains("fitted on 768 tokens of 4 texts", "balanced", "note: ");

    Run refused = Run.of("calibrate", "--bundle", bundle, "--tokens", "10");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("at least 5", "--tokens");
  }
}
