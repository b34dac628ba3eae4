package dev.cleave.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.UpperJson;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleFile;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.onnx.DevicePrecision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/** Decoder-only checkpoints, cut after every layer. */
class CausalSplitTest {
  @SuppressWarnings("UnusedVariable") // read by FieldSource
  private static final List<String> FAMILIES = CausalCheckpoints.FAMILIES;

  private static final int LAYERS = CausalCheckpoints.LAYERS;

  @TempDir Path folder;

  private BundleManifest split(Path checkpoint, String out, SplitOptions options) {
    return SplitCompiler.split(
            checkpoint, folder.resolve(out), options.withName("tiny"), ProgressListener.NONE)
        .manifest();
  }

  private static SplitOptions at(int at) {
    return SplitOptions.defaults()
        .withCut(new SplitOptions.Cut(OptionalInt.of(at), true, DevicePrecision.F32));
  }

  private Path write(String family) {
    return CausalCheckpoints.of(family, folder.resolve(family)).write();
  }

  private JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(Files.readAllBytes(folder.resolve(file)));
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void givesEachSideItsLayersAndNothingElse(String family) {
    Path checkpoint = write(family);
    for (int at = 0; at < LAYERS; at++) {
      String out = family + at;
      BundleManifest written = split(checkpoint, out, at(at));
      Bundle device = Bundle.open(folder.resolve(out), Half.DEVICE);
      Bundle server = Bundle.open(folder.resolve(out), Half.SERVER);
      assertThat(device.manifest()).isEqualTo(written);
      boolean tied = !family.equals("mistral") && !family.equals("qwen3");
      assertThat(written.split()).isEqualTo(new SplitPoint.Causal(at, LAYERS, tied));
      assertThat(written.width()).isEqualTo(CausalCheckpoints.WIDTH);
      assertThat(written.files(Half.DEVICE))
          .extracting(BundleFile::name)
          .containsExactly("generation.json", "lower.data", "lower.onnx", "tokenizer.json");
      assertThat(written.files(Half.SERVER))
          .extracting(BundleFile::name)
          .containsExactly("upper.json", "upper.safetensors");
      UpperSpec upper = UpperJson.read(server.file("upper.json"));
      assertThat(upper.layers()).isEqualTo(new UpperSpec.Layers(at, LAYERS));
      try (Weights weights = Weights.openFile(server.file("upper.safetensors"))) {
        List<CanonicalTensors.Tensor> list = CanonicalTensors.ofUpper(upper);
        assertThat(weights.names())
            .containsExactlyInAnyOrderElementsOf(
                list.stream().map(CanonicalTensors.Tensor::name).toList())
            .contains("head.weight")
            .doesNotContain("embed.weight", "embed.positions.weight");
        list.forEach(t -> assertThat(weights.info(t.name()).shape()).isEqualTo(t.shape()));
        assertThat(written.model().parameters().server())
            .isEqualTo(list.stream().mapToLong(CanonicalTensors.Tensor::elements).sum());
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void givesTheSameIdForTheSameInput(String family) {
    Path checkpoint = write(family);
    BundleManifest first = split(checkpoint, "a", at(1));
    assertThat(split(checkpoint, "b", at(1))).isEqualTo(first);
    assertThat(split(checkpoint, "c", at(2)).id()).isNotEqualTo(first.id());
  }

  @Test
  void splitsShardsLikeOneFile() {
    Path whole = write("qwen3");
    Path shards = CausalCheckpoints.of("qwen3", folder.resolve("shards")).writeShards();
    assertThat(split(shards, "b", at(2)).id()).isEqualTo(split(whole, "a", at(2)).id());
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void keepsTheServersElementTypeAndConvertsTheDevices(DType dtype) {
    Path half = CausalCheckpoints.of("qwen2", folder.resolve("half")).cast(dtype).write();
    BundleManifest cast = split(half, "a", at(1));
    BundleManifest exact = split(write("qwen2"), "b", at(1));
    try (Weights weights = Weights.openFile(folder.resolve("a/server/upper.safetensors"))) {
      assertThat(weights.names()).allMatch(name -> weights.info(name).dtype() == dtype);
    }
    assertThat(bytes(cast, "lower.data")).isEqualTo(bytes(exact, "lower.data"));
  }

  private static long bytes(BundleManifest manifest, String name) {
    return manifest.files(Half.DEVICE).stream()
        .filter(file -> file.name().equals(name))
        .findFirst()
        .orElseThrow()
        .bytes();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "-,  '--at takes 1 to 2 of this model''s 3 layers'",
        "0,  --allow-embedding-split",
        "3,  'split point 3: is out of range; --at takes 1 to 2'",
        "-1, 'split point -1: is out of range'",
      })
  void refusesACutOutOfRange(@Nullable Integer at, String reason) {
    Path checkpoint = write("llama");
    SplitOptions options = SplitOptions.defaults().withAt(at);
    assertThatThrownBy(() -> split(checkpoint, "out", options))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining(reason);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void knowsThatOneLayerCannotBeCut() {
    TinyCheckpoint one = CausalCheckpoints.of("llama", folder.resolve("one"));
    one.config(c -> c.put("num_hidden_layers", 1)).dropAll("model.layers.[12].*");
    Path checkpoint = one.write();
    assertThatThrownBy(() -> split(checkpoint, "out", SplitOptions.defaults().withAt(1)))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("one layer cannot be parted from the head");
    assertThatThrownBy(() -> split(checkpoint, "out", SplitOptions.defaults()))
        .hasMessageContaining("try --at 0");
    assertThat(split(checkpoint, "out", at(0)).split())
        .isEqualTo(new SplitPoint.Causal(0, 1, true));
  }

  @Test
  void saysWhatAnEmbeddingSplitIs() {
    Path checkpoint = write("llama");
    assertThat(split(checkpoint, "a", at(0)).model().notes())
        .singleElement()
        .asString()
        .contains("table look-up");
    assertThat(split(checkpoint, "b", at(1)).model().notes()).isEmpty();
  }

  @Test
  void refusesACutOfAnEncoderDecoder() {
    assertThatThrownBy(() -> split(Fixtures.folder("bart"), "out", at(1)))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("leave --at out");
  }

  @Test
  void takesTheModelsContextAndAnAnswerWithinIt() {
    Path checkpoint = write("mistral");
    assertThat(split(checkpoint, "a", at(1)).limits()).isEqualTo(new BundleManifest.Limits(64, 64));
    assertThat(split(checkpoint, "b", at(1).withLimits(32, null)).limits())
        .isEqualTo(new BundleManifest.Limits(32, 32));
    assertThatThrownBy(() -> split(checkpoint, "c", at(1).withLimits(65, null)))
        .hasMessageContaining("65 is not in [1, 64]");
    Path longer =
        CausalCheckpoints.of("llama", folder.resolve("longer"))
            .config(c -> c.put("max_position_embeddings", 131_072))
            .write();
    assertThat(split(longer, "d", at(1)).limits()).isEqualTo(new BundleManifest.Limits(4096, 1024));
  }

  @Test
  void tellsTheDeviceHowAnAnswerEndsAndAConversationBegins() throws IOException {
    Path checkpoint = write("llama");
    split(checkpoint, "a", at(1));
    JsonNode plain = json("a/device/generation.json");
    assertThat(plain.path("format").asInt()).isEqualTo(1);
    assertThat(plain.path("architecture").asText()).isEqualTo("llama");
    assertThat(plain.path("defaultMaxNewTokens").asInt()).isEqualTo(64);
    assertThat(plain.path("vocabulary").asInt()).isEqualTo(CausalCheckpoints.VOCABULARY);
    assertThat(plain.path("eosTokenIds").toString()).isEqualTo("[2]");
    assertThat(plain.path("skipTokenIds").toString()).isEqualTo("[0,1,2]");
    assertThat(plain.has("chat")).isFalse();

    Files.writeString(checkpoint.resolve("chat_template.jinja"), "{{ bos_token }}é");
    Files.writeString(
        checkpoint.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<s>\", \"eos_token\": {\"content\": \"</s>\"}}");
    split(checkpoint, "b", at(1));
    assertThat(folder.resolve("b/device/chat_template.jinja")).hasContent("{{ bos_token }}é");
    assertThat(json("b/device/generation.json").path("chat").toString())
        .isEqualTo("{\"bosToken\":\"<s>\",\"eosToken\":\"</s>\"}");
  }

  @Test
  void tellsOfEveryByteOfBothHalves() {
    List<ProgressListener.Progress> told = new ArrayList<>();
    SplitCompiler.split(write("gpt2"), folder.resolve("out"), at(2), told::add);
    for (String step :
        List.of(
            "reading the device half",
            "device half",
            "reading the server half",
            "server half",
            "hashing")) {
      ProgressListener.Progress last =
          told.stream().filter(p -> p.step().equals(step)).toList().getLast();
      assertThat(last.doneBytes()).as(step).isEqualTo(last.totalBytes());
    }
  }
}
