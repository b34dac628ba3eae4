package dev.cleave.split.family;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.CausalCheckpoints;
import dev.cleave.split.TinyCheckpoint;
import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.CausalSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.RopeScaling;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.FolderCheckpoint;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/** What the decoder-only families are understood as, in the forms in which they come. */
class CausalFamiliesTest {
  @SuppressWarnings("UnusedVariable") // read by FieldSource
  private static final List<String> FAMILIES = CausalCheckpoints.FAMILIES;

  private static final int LAYERS = CausalCheckpoints.LAYERS;
  private static final int WIDTH = CausalCheckpoints.WIDTH;

  @TempDir Path folder;

  private TinyCheckpoint tiny(String family) {
    return CausalCheckpoints.of(family, folder.resolve("model"));
  }

  private CausalSpec spec(TinyCheckpoint checkpoint) {
    try (FolderCheckpoint opened = FolderCheckpoint.open(checkpoint.write());
        Arena arena = Arena.ofConfined()) {
      return ((CausalModel) Families.understand(opened, arena)).spec();
    }
  }

  /** Every canonical tensor's numbers, and the spec's list of them. */
  private Map<String, float[]> numbers(Path path) {
    try (FolderCheckpoint opened = FolderCheckpoint.open(path);
        Arena arena = Arena.ofConfined()) {
      CausalModel model = (CausalModel) Families.understand(opened, arena);
      Map<String, float[]> numbers = new TreeMap<>();
      for (TensorData data : model.read(CanonicalTensors.ofCausal(model.spec()), arena, _ -> {})) {
        assertThat(data.dtype()).isEqualTo(DType.F32);
        numbers.put(data.name(), data.bytes().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
      }
      return numbers;
    }
  }

  private static Consumer<ObjectNode> four(Consumer<ObjectNode> more) {
    return config -> {
      config.remove(List.of("rope_parameters", "dtype", "layer_types"));
      config.put("transformers_version", "4.46.0").put("torch_dtype", "float32");
      more.accept(config);
    };
  }

  @Test
  void describesLlama() {
    CausalSpec spec = spec(tiny("llama"));
    assertThat(spec.architecture()).isEqualTo("llama");
    assertThat(spec.layers()).isEqualTo(LAYERS);
    assertThat(spec.head().tied()).isTrue();
    assertThat(spec.stack().block().norm()).isEqualTo(new NormSpec(NormSpec.Kind.RMS, 1e-5));
    assertThat(spec.stack().block().placement()).isEqualTo(NormSpec.Placement.PRE);
    assertThat(spec.stack().finalNorm()).contains(spec.stack().block().norm());
    AttentionSpec attention = spec.stack().block().self();
    assertThat(attention.layout()).isEqualTo(new AttentionSpec.Layout(2, 1, 16));
    assertThat(attention.scale()).isEqualTo(0.25);
    assertThat(attention.bias()).isEqualTo(AttentionSpec.Biases.NONE);
    assertThat(attention.positions()).isEqualTo(new AttentionSpec.Rope(10_000, 16));
    assertThat(spec.stack().block().mlp())
        .isEqualTo(new MlpSpec(64, true, MlpSpec.Activation.SILU, false));
  }

  @Test
  void describesWhatTheOthersDoDifferently() {
    AttentionSpec qwen2 = spec(tiny("qwen2")).stack().block().self();
    assertThat(qwen2.bias()).isEqualTo(new AttentionSpec.Biases(true, true, true, false));
    CausalSpec qwen3 = spec(CausalCheckpoints.of("qwen3", folder.resolve("qwen3")));
    assertThat(qwen3.stack().block().self().queryKeyNorm())
        .contains(new NormSpec(NormSpec.Kind.RMS, 1e-5));
    assertThat(qwen3.stack().block().self().headDim()).isEqualTo(32);
    assertThat(qwen3.head().tied()).isFalse();
    CausalSpec gpt2 = spec(CausalCheckpoints.of("gpt2", folder.resolve("gpt2")));
    assertThat(gpt2.stack().embedding().table().orElseThrow().count())
        .isEqualTo(CausalCheckpoints.POSITIONS);
    assertThat(gpt2.stack().block().norm().kind()).isEqualTo(NormSpec.Kind.LAYER);
    assertThat(gpt2.stack().block().self().bias()).isEqualTo(AttentionSpec.Biases.ALL);
    assertThat(gpt2.stack().block().mlp())
        .isEqualTo(new MlpSpec(128, false, MlpSpec.Activation.GELU_TANH, true));
  }

  @Test
  void readsLlama32AsTransformersFourWroteIt() {
    CausalSpec spec =
        spec(
            tiny("llama")
                .config(
                    four(config -> {
                      config.remove(List.of("head_dim", "num_key_value_heads", "rms_norm_eps"));
                      config.put("rope_theta", 500_000.0);
                      config.putArray("eos_token_id").add(2).add(3);
                      config
                          .putObject("rope_scaling")
                          .put("factor", 32.0)
                          .put("high_freq_factor", 4.0)
                          .put("low_freq_factor", 1.0)
                          .put("original_max_position_embeddings", 32)
                          .put("rope_type", "llama3");
                    }))
                .zeros("model.layers.0.self_attn.k_proj.weight", 32, 32)
                .zeros("model.layers.0.self_attn.v_proj.weight", 32, 32)
                .zeros("model.layers.1.self_attn.k_proj.weight", 32, 32)
                .zeros("model.layers.1.self_attn.v_proj.weight", 32, 32)
                .zeros("model.layers.2.self_attn.k_proj.weight", 32, 32)
                .zeros("model.layers.2.self_attn.v_proj.weight", 32, 32)
                .zeros("model.layers.0.self_attn.rotary_emb.inv_freq", 4)
                .copy("model.embed_tokens.weight", "lm_head.weight"));
    AttentionSpec attention = spec.stack().block().self();
    assertThat(attention.layout()).isEqualTo(new AttentionSpec.Layout(2, 2, 16));
    assertThat(attention.positions())
        .isEqualTo(new AttentionSpec.Rope(500_000, 16, new RopeScaling.Llama3(32, 1, 4, 32)));
    assertThat(spec.stack().block().norm().epsilon()).isEqualTo(1e-6);
    assertThat(spec.head().tied()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"rope_type", "type"})
  void readsLinearScalingUnderBothNames(String key) {
    CausalSpec spec =
        spec(
            tiny("mistral")
                .config(
                    four(config ->
                        config.putObject("rope_scaling").put(key, "linear").put("factor", 2.5))));
    assertThat(spec.stack().block().self().positions())
        .isEqualTo(new AttentionSpec.Rope(10_000, 16, new RopeScaling.Linear(2.5)));
  }

  @Test
  void takesBiasesWhereTheConfigSaysSo() {
    TinyCheckpoint llama =
        tiny("llama").config(c -> c.put("attention_bias", true).put("mlp_bias", true));
    for (int n = 0; n < LAYERS; n++) {
      String layer = "model.layers." + n + ".";
      llama.zeros(layer + "self_attn.q_proj.bias", 32).zeros(layer + "self_attn.k_proj.bias", 16);
      llama.zeros(layer + "self_attn.v_proj.bias", 16).zeros(layer + "self_attn.o_proj.bias", 32);
      llama.zeros(layer + "mlp.gate_proj.bias", 64).zeros(layer + "mlp.up_proj.bias", 64);
      llama.zeros(layer + "mlp.down_proj.bias", 32);
    }
    CausalSpec spec = spec(llama);
    assertThat(spec.stack().block().self().bias()).isEqualTo(AttentionSpec.Biases.ALL);
    assertThat(spec.stack().block().mlp().bias()).isTrue();
  }

  @Test
  void readsQwen25WithAWindowThatIsSwitchedOff() {
    CausalSpec spec =
        spec(
            tiny("qwen2")
                .config(four(config -> config.put("sliding_window", 32).put("rope_theta", 1e6))));
    assertThat(spec.stack().block().self().positions()).isEqualTo(new AttentionSpec.Rope(1e6, 16));
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void givesEveryTensorAPlace(String family) {
    Path path = tiny(family).write();
    Map<String, float[]> numbers = numbers(path);
    if (family.equals("gpt2")) {
      return;
    }
    List<String> expected = new ArrayList<>();
    try (Weights weights = Weights.openFolder(path)) {
      for (String name : weights.names()) {
        String canonical =
            name.replace("model.", "")
                .replace("embed_tokens", "embed")
                .replace("lm_head", "head")
                .replace("self_attn", "self")
                .replace("_proj", "")
                .replace("post_attention_layernorm", "mlp.norm")
                .replace("input_layernorm", "self.norm");
        expected.add(canonical);
        assertThat(numbers.get(canonical)).as(canonical).isEqualTo(weights.floats(name));
      }
      if (!expected.contains("head.weight")) {
        expected.add("head.weight");
        assertThat(numbers.get("head.weight"))
            .isEqualTo(weights.floats("model.embed_tokens.weight"));
      }
    }
    assertThat(numbers.keySet()).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void turnsAndPartsTheLinearsOfGpt2() {
    Path path = tiny("gpt2").write();
    Map<String, float[]> numbers = numbers(path);
    try (Weights weights = Weights.openFolder(path)) {
      for (int n = 0; n < LAYERS; n++) {
        String from = "transformer.h." + n + ".";
        String to = "layers." + n + ".";
        String[] parts = {"self.q", "self.k", "self.v"};
        for (int part = 0; part < 3; part++) {
          assertTurned(
              of(numbers, to + parts[part] + ".weight"),
              weights.floats(from + "attn.c_attn.weight"),
              new int[] {WIDTH, 3 * WIDTH, part * WIDTH, WIDTH});
          for (int i = 0; i < WIDTH; i++) {
            assertThat(of(numbers, to + parts[part] + ".bias")[i])
                .isEqualTo(weights.floats(from + "attn.c_attn.bias")[part * WIDTH + i]);
          }
        }
        assertTurned(
            of(numbers, to + "self.o.weight"),
            weights.floats(from + "attn.c_proj.weight"),
            new int[] {WIDTH, WIDTH, 0, WIDTH});
        assertTurned(
            of(numbers, to + "mlp.up.weight"),
            weights.floats(from + "mlp.c_fc.weight"),
            new int[] {WIDTH, 4 * WIDTH, 0, 4 * WIDTH});
        assertTurned(
            of(numbers, to + "mlp.down.weight"),
            weights.floats(from + "mlp.c_proj.weight"),
            new int[] {4 * WIDTH, WIDTH, 0, WIDTH});
        assertThat(numbers.get(to + "mlp.norm.bias")).isEqualTo(weights.floats(from + "ln_2.bias"));
      }
      assertThat(numbers.get("embed.positions.weight"))
          .isEqualTo(weights.floats("transformer.wpe.weight"));
      assertThat(numbers.get("norm.weight")).isEqualTo(weights.floats("transformer.ln_f.weight"));
    }
  }

  private static float[] of(Map<String, float[]> numbers, String name) {
    return Objects.requireNonNull(numbers.get(name), name);
  }

  /** The form is rows and columns as saved, then the first column and how many. */
  private static void assertTurned(float[] got, float[] saved, int[] form) {
    assertThat(got).hasSize(form[0] * form[3]);
    for (int in = 0; in < form[0]; in++) {
      for (int out = 0; out < form[3]; out++) {
        assertThat(got[out * form[0] + in]).isEqualTo(saved[in * form[1] + form[2] + out]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void turnsHalvesAsTheyAre(DType dtype) {
    Path path = tiny("gpt2").cast(dtype).write();
    try (FolderCheckpoint opened = FolderCheckpoint.open(path);
        Weights weights = Weights.openFolder(path);
        Arena arena = Arena.ofConfined()) {
      CausalModel model = (CausalModel) Families.understand(opened, arena);
      CanonicalTensors.Tensor wanted =
          new CanonicalTensors.Tensor("layers.1.mlp.up.weight", List.of(128L, 32L));
      TensorData up = model.read(List.of(wanted), arena, _ -> {}).getFirst();
      assertThat(up.dtype()).isEqualTo(dtype);
      short[] saved =
          weights
              .bytes("transformer.h.1.mlp.c_fc.weight")
              .toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
      short[] got = up.bytes().toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
      for (int i = 0; i < got.length; i++) {
        assertThat(got[i]).isEqualTo(saved[i % 32 * 128 + i / 32]);
      }
    }
  }

  /** The first release: no prefix, masks in the file, no word of tying. */
  @Test
  void readsGpt2AsItFirstCame() {
    Map<String, float[]> expected = numbers(tiny("gpt2").write());
    TinyCheckpoint first = CausalCheckpoints.of("gpt2", folder.resolve("first"));
    try (Weights weights = Weights.openFolder(folder.resolve("model"))) {
      weights.names().forEach(name -> first.rename(name, name.replace("transformer.", "")));
    }
    for (int n = 0; n < LAYERS; n++) {
      first.zeros("h." + n + ".attn.bias", 1, 1, 64, 64);
    }
    first.config(config -> {
      config.remove(
          List.of("tie_word_embeddings", "dtype", "n_inner", "add_cross_attention", "vocab_size"));
      config.put("vocab_size", CausalCheckpoints.VOCABULARY).put("n_ctx", 64);
    });
    Map<String, float[]> got = numbers(first.write());
    assertThat(got.keySet()).isEqualTo(expected.keySet());
    got.forEach((name, values) -> assertThat(values).as(name).isEqualTo(expected.get(name)));
  }

  @Test
  void readsHowAnAnswerEnds() {
    TinyCheckpoint checkpoint =
        tiny("llama")
            .config(config -> {
              config.putArray("eos_token_id").add(2).add(7);
              config.put("pad_token_id", -1).put("do_sample", true).put("temperature", 0.6);
            });
    try (FolderCheckpoint opened = FolderCheckpoint.open(checkpoint.write());
        Arena arena = Arena.ofConfined()) {
      CausalModel model = (CausalModel) Families.understand(opened, arena);
      assertThat(model.generation().eosTokenIds()).containsExactly(2, 7);
      assertThat(model.generation().hiddenTokenIds()).containsExactly(0);
      assertThat(model.generation().notes()).singleElement().asString().contains("0.6");
      assertThat(model.maxPositions()).isEqualTo(CausalCheckpoints.POSITIONS);
    }
  }
}
