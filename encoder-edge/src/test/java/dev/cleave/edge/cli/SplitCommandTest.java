package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.BundleWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SplitCommandTest {
  private static final Path FIXTURES = Path.of("../e2e/src/test/resources/fixtures");

  @TempDir Path folder;

  /** What a run left on its two streams. */
  private record Run(int code, String out, String err) {
    static Run of(Object... arguments) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      String[] texts = new String[arguments.length];
      for (int i = 0; i < texts.length; i++) {
        texts[i] = arguments[i].toString();
      }
      int code = Main.run(texts, new PrintWriter(out), new PrintWriter(err));
      return new Run(code, out.toString(), err.toString());
    }
  }

  @Test
  void splitsAndShowsWhatEachSideHolds() throws IOException {
    Path bundle = folder.resolve("bundle");
    Run split = Run.of("split", "--model", FIXTURES.resolve("bart"), "--out", bundle, "--json");
    assertThat(split.code()).as(split.err()).isZero();
    assertThat(split.err()).isEmpty();
    String id = Json.MAPPER.readTree(split.out()).path("bundleId").asText();
    assertThat(id).hasSize(64);

    Run table = Run.of("inspect", bundle);
    assertThat(table.code()).isZero();
    assertThat(table.out())
        .contains(id, "encoder.onnx", "decoder.safetensors", "verified", "f32 [positions, 64]")
        .contains("68 B  int8", "prompt 128 positions");

    JsonNode json = Json.MAPPER.readTree(Run.of("inspect", bundle, "--json").out());
    assertThat(json.path("bundleId").asText()).isEqualTo(id);
    assertThat(json.path("boundary").path("bytesPerPosition").path("int8").asInt()).isEqualTo(68);
    assertThat(json.path("device").path("parameters").asLong()).isEqualTo(148_128);
    assertThat(json.path("verified").path("server").asText()).isEqualTo("verified");
  }

  @Test
  void inspectShowsWhatCalibrationChose() throws IOException {
    Path bundle = folder.resolve("bundle");
    Run.of("split", "--model", FIXTURES.resolve("marian"), "--out", bundle);
    assertThat(Run.of("inspect", bundle).out()).contains("codec       not calibrated: cleave cal");
    assertThat(Json.MAPPER.readTree(Run.of("inspect", bundle, "--json").out()).get("codec"))
        .isEqualTo(Json.MAPPER.nullNode());
    String hash = Fixtures.calibrate(bundle, "rate_trellis").hash().toString();
    assertThat(Run.of("inspect", bundle).out())
        .contains("profile " + hash, "fitted on 51,200 positions, judged on 6,400 others")
        .contains("20 B  balanced     2.50 bits per element, 3.")
        .contains("KL 0.00810, agree 0.971, fields 0.930 (raw 0.932) (rate_trellis)")
        .contains("the codec's profile");
    JsonNode codec = Json.MAPPER.readTree(Run.of("inspect", bundle, "--json").out()).path("codec");
    assertThat(codec.path("profileHash").asText()).isEqualTo(hash);
    assertThat(codec.path("presets").path(0).path("rawFieldAccuracy").asDouble()).isEqualTo(0.932);
    assertThat(codec.path("calibration").path("tokens").asInt()).isEqualTo(51_200);
  }

  @Test
  void refusesInOneLineWithCodeTwo() {
    Path out = folder.resolve("bundle");
    Run run = Run.of("split", "--model", FIXTURES.resolve("refuse/mixtral-moe"), "--out", out);
    assertThat(run.code()).isEqualTo(Failures.REFUSED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines())
        .containsExactly(
            "refused: model_type mixtral: num_local_experts 4: mixtures of experts are not"
                + " described");
    assertThat(out).doesNotExist();
  }

  @Test
  void refusesACutWhereThereIsNoneToChoose() {
    Path out = folder.resolve("bundle");
    Object[] split = {"split", "--model", FIXTURES.resolve("bart"), "--out", out, "--at", 1};
    Run run = Run.of(split);
    assertThat(run.code()).isEqualTo(Failures.REFUSED);
    assertThat(run.err().lines())
        .containsExactly(
            "refused: split point 1: an encoder-decoder is cut between the two and nowhere else;"
                + " leave --at out");
    assertThat(out).doesNotExist();
  }

  @Test
  void knowsThePrecisionsOfADevice() {
    Run run =
        Run.of(
            "split", "--model", folder, "--out", folder.resolve("b"), "--device-precision", "int2");
    assertThat(run.code()).isEqualTo(Failures.REFUSED);
    assertThat(run.err()).contains("must be f32, int8 or int4: int2");
  }

  private Path cut(SplitPoint split, String... deviceFiles) throws IOException {
    Path bundle = folder.resolve("cut");
    try (BundleWriter writer = BundleWriter.open(bundle, true)) {
      for (String name : deviceFiles) {
        Files.writeString(writer.file(Half.DEVICE, name), name);
      }
      Files.writeString(writer.file(Half.SERVER, "upper.safetensors"), "weights");
      writer.finish(
          new BundleManifest.Model(
              "smol", "llama", new BundleManifest.Parameters(7, 9), "test", List.of("a note")),
          new BundleManifest.Boundary(split, 64),
          new BundleManifest.Limits(4096, 1024));
    }
    return bundle;
  }

  @Test
  void inspectShowsWhereAModelWasCut() throws IOException {
    Path bundle =
        cut(new SplitPoint.Causal(4, 30, true), "lower.onnx", "lower.data", "chat_template.jinja");
    assertThat(Run.of("inspect", bundle).out())
        .contains("model       llama, causal: cut after 4 of 30 layers")
        .contains("on device   the embedding and layers 0 to 3")
        .contains("on server   layers 4 to 29, final norm, head")
        .contains("the head is tied to it, so the server holds the table as well")
        .contains("chat        with a template", "how a conversation becomes a prompt")
        .contains("limits      context 4096 positions, answer 1024 tokens")
        .contains("note        a note");
    JsonNode json = Json.MAPPER.readTree(Run.of("inspect", bundle, "--json").out());
    assertThat(json.path("split").asText()).isEqualTo("causal");
    assertThat(json.path("splitPoint").toString())
        .isEqualTo("{\"at\":4,\"layers\":30,\"embeddingOnServer\":true}");
    assertThat(json.path("chatTemplate").asBoolean()).isTrue();
  }

  @Test
  void inspectShowsThatTheTableStaysOnTheDevice() throws IOException {
    Path bundle = cut(new SplitPoint.Causal(1, 2, false), "lower.onnx");
    assertThat(Run.of("inspect", bundle).out())
        .contains("on device   the embedding and layer 0")
        .contains("on server   layer 1, final norm, head")
        .contains("on the device alone: the head has a table of its own")
        .contains("no template");
    assertThat(Run.of("inspect", cut(new SplitPoint.Causal(0, 2, false), "lower.onnx")).out())
        .contains("on device   the embedding alone, a table look-up")
        .contains("on server   layers 0 to 1");
  }

  @Test
  void replacesABundleOnlyByForce() {
    Path out = folder.resolve("bundle");
    Object[] split = {"split", "--model", FIXTURES.resolve("marian"), "--out", out};
    assertThat(Run.of(split).code()).isZero();
    Run again = Run.of(split);
    assertThat(again.code()).isEqualTo(Failures.FAILED);
    assertThat(again.err()).contains("--force").hasLineCount(1);
    Run forced = Run.of("split", "--model", FIXTURES.resolve("marian"), "--out", out, "--force");
    assertThat(forced.code()).isZero();
  }

  @Test
  void inspectsOneHalfAndNoticesAChange() throws IOException {
    Path bundle = folder.resolve("bundle");
    Run.of("split", "--model", FIXTURES.resolve("marian"), "--out", bundle);
    for (String name : new String[] {"decoder.json", "decoder.safetensors"}) {
      Files.delete(bundle.resolve("server").resolve(name));
    }
    Files.delete(bundle.resolve("server"));
    assertThat(Run.of("inspect", bundle).out()).contains("not here", "verified");
    Files.writeString(bundle.resolve("device/tokenizer.json"), " ", StandardOpenOption.APPEND);
    Run changed = Run.of("inspect", bundle);
    assertThat(changed.code()).isEqualTo(Failures.FAILED);
    assertThat(changed.err()).contains("tokenizer.json").hasLineCount(1);
  }

  @Test
  void namesAFolderThatIsNoBundle() {
    Run run = Run.of("inspect", folder);
    assertThat(run.code()).isEqualTo(Failures.FAILED);
    assertThat(run.err()).contains("bundle.json", "cleave split").hasLineCount(1);
  }

  @Test
  void writesTheEncoderForAnAcceleratorAndTakesCompiledModelsIn() throws IOException {
    Path bundle = folder.resolve("bundle");
    Run split =
        Run.of("split", "--model", FIXTURES.resolve("bart"), "--out", bundle, "--hailo", "8,16");
    assertThat(split.code()).as(split.err()).isZero();
    assertThat(Run.of("inspect", bundle).out())
        .contains("hailo/encoder-16.onnx", "the encoder at one length");

    Path hef = Files.write(folder.resolve("encoder-16.hef"), new byte[] {1, 'H', 'E', 'F', 0});
    Run unsaid = Run.of("split", "--bundle", bundle, "--hef", hef);
    assertThat(unsaid.code()).isEqualTo(1);
    assertThat(unsaid.err()).contains("sha256sum");

    JsonNode files = Json.MAPPER.readTree(bundle.resolve("bundle.json").toFile()).path("files");
    for (JsonNode file : files) {
      if (file.path("path").asText().equals("device/hailo/encoder-16.onnx")) {
        Files.writeString(
            folder.resolve("encoder-16.hef.from"),
            file.path("sha256").asText() + "  encoder-16.onnx\n");
      }
    }
    Run taken = Run.of("split", "--bundle", bundle, "--hef", hef);
    assertThat(taken.code()).as(taken.err()).isZero();
    assertThat(taken.out()).contains("took in 1 compiled model;", "bundle.json");
    assertThat(Run.of("inspect", bundle).out()).contains("compiled for an AI HAT+, 16 positions");
  }

  @Test
  void saysWhichOptionsGoTogether() {
    Run both = Run.of("split", "--model", "m", "--out", "o", "--bundle", "b", "--hef", "x.hef");
    assertThat(both.code()).isEqualTo(2);
    assertThat(both.err()).contains("--bundle goes with --hef");
    assertThat(Run.of("split", "--out", "o").err()).contains("Missing required option: '--model'");
    assertThat(Run.of("split", "--model", "m", "--out", "o", "--hailo", "9").err())
        .contains("multiples of 8");
  }
}
