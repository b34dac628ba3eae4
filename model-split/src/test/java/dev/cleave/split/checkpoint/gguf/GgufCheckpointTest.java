package dev.cleave.split.checkpoint.gguf;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.checkpoint.Checkpoint;
import dev.cleave.split.checkpoint.Checkpoint.ChatTemplate;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.checkpoint.gguf.format.GgmlType;
import dev.cleave.split.checkpoint.gguf.format.GgufBuilder;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.family.CausalModel;
import dev.cleave.split.family.Families;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufCheckpointTest {
  @TempDir Path folder;

  private GgufCheckpoint open(GgufBuilder builder) {
    return GgufCheckpoint.open(builder.write(folder.resolve("tiny.gguf")));
  }

  private GgufCheckpoint open(String architecture) {
    return open(TinyGguf.of(architecture, 1).builder());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen3", "gpt2"})
  void givesTheTensorsOfTheHuggingFaceCheckpoint(String architecture) {
    TinyGguf tiny = TinyGguf.of(architecture, 20261121);
    try (Checkpoint checkpoint = open(tiny.builder())) {
      Weights weights = checkpoint.weights();
      assertThat(weights.names()).containsExactlyInAnyOrderElementsOf(tiny.expected().keySet());
      for (String name : weights.names()) {
        assertThat(weights.info(name).shape()).as(name).isEqualTo(tiny.shapes().get(name));
        assertThat(weights.floats(name)).as(name).isEqualTo(tiny.expected().get(name));
        assertThat(weights.data(name).bytes().isReadOnly()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen3", "gpt2"})
  void isUnderstoodAsAFamily(String architecture) {
    try (Checkpoint checkpoint = open(architecture);
        Arena arena = Arena.ofConfined()) {
      assertThat(Families.understand(checkpoint, arena))
          .isInstanceOfSatisfying(
              CausalModel.class,
              model -> {
                assertThat(model.spec().layers()).isEqualTo(2);
                assertThat(model.maxPositions()).isEqualTo(128);
                assertThat(model.generation().eosTokenIds()).containsExactly(1);
              });
    }
  }

  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void undoesTheOrderOfRowsOfEveryType(GgmlType type) {
    // One block a row; keys and values have 2 heads of 4 rows, whose middle changes places.
    byte[] data = new byte[8 * type.blockBytes()];
    new Random(7).nextBytes(data);
    List<Long> shape = List.of(8L, (long) type.blockElements());
    GgufBuilder builder =
        TinyGguf.of("llama", 1)
            .builder()
            .tensor("blk.7.attn_v.weight", type.number(), shape, data)
            .tensor("blk.7.attn_k.weight", type.number(), shape, data);
    try (Checkpoint checkpoint = open(builder)) {
      Weights weights = checkpoint.weights();
      DType dtype = weights.info("model.layers.7.self_attn.v_proj.weight").dtype();
      assertThat(dtype).isEqualTo(type.dtype());
      byte[] straight =
          weights.bytes("model.layers.7.self_attn.v_proj.weight").toArray(ValueLayout.JAVA_BYTE);
      byte[] split =
          weights.bytes("model.layers.7.self_attn.k_proj.weight").toArray(ValueLayout.JAVA_BYTE);
      int row = straight.length / 8;
      int[] order = {0, 2, 1, 3, 4, 6, 5, 7};
      for (int i = 0; i < straight.length; i++) {
        assertThat(split[i]).isEqualTo(straight[order[i / row] * row + i % row]);
      }
    }
  }

  @Test
  void describesLlamaAsItsConfig() {
    try (Checkpoint checkpoint = open("llama")) {
      ModelConfig config = checkpoint.config();
      assertThat(checkpoint.name()).isEqualTo("Tiny-llama-seeded-");
      assertThat(config.text("model_type")).contains("llama");
      assertThat(config.texts("architectures")).containsExactly("LlamaForCausalLM");
      assertThat(config.size("hidden_size")).isEqualTo(32);
      assertThat(config.size("num_hidden_layers")).isEqualTo(2);
      assertThat(config.size("num_attention_heads")).isEqualTo(4);
      assertThat(config.size("num_key_value_heads")).isEqualTo(2);
      assertThat(config.size("head_dim")).isEqualTo(8);
      assertThat(config.size("intermediate_size")).isEqualTo(64);
      assertThat(config.size("max_position_embeddings")).isEqualTo(128);
      assertThat(config.size("vocab_size")).isEqualTo(267);
      assertThat(config.number("rms_norm_eps", 0)).isEqualTo(1e-6);
      assertThat(config.flag("tie_word_embeddings")).contains(false);
      assertThat(config.flag("attention_bias")).contains(true);
      assertThat(config.flag("mlp_bias")).contains(false);
      assertThat(config.integer("bos_token_id")).hasValue(0);
      assertThat(config.integers("eos_token_id")).containsExactly(1);
      assertThat(checkpoint.generation()).isEmpty();
      assertThat(checkpoint.calibration()).isEmpty();
      assertThat(checkpoint.chatTemplate())
          .contains(new ChatTemplate("{{ bos_token }}{{ messages[0]['content'] }}", "<s>", "</s>"));
    }
  }

  @Test
  void describesTheOthersAsTheirConfigs() {
    try (Checkpoint checkpoint = open("qwen3")) {
      assertThat(checkpoint.config().size("head_dim")).isEqualTo(16);
      assertThat(checkpoint.config().flag("tie_word_embeddings")).contains(true);
      assertThat(checkpoint.config().flag("attention_bias")).contains(false);
    }
    try (Checkpoint checkpoint = open("qwen2")) {
      assertThat(checkpoint.config().mentions("attention_bias")).isFalse();
    }
    try (Checkpoint checkpoint = open("gpt2")) {
      ModelConfig config = checkpoint.config();
      assertThat(config.text("model_type")).contains("gpt2");
      assertThat(config.size("n_embd")).isEqualTo(32);
      assertThat(config.size("n_layer")).isEqualTo(2);
      assertThat(config.size("n_head")).isEqualTo(4);
      assertThat(config.size("n_positions")).isEqualTo(128);
      assertThat(config.size("n_inner")).isEqualTo(64);
      assertThat(config.text("activation_function")).contains("gelu_new");
      assertThat(config.number("layer_norm_epsilon", 0)).isEqualTo(1e-5);
    }
  }

  @Test
  void namesBothEndsOfAnAnswer() {
    GgufBuilder builder = TinyGguf.of("llama", 1).builder().u32("tokenizer.ggml.eot_token_id", 5);
    try (Checkpoint checkpoint = open(builder)) {
      assertThat(checkpoint.config().integers("eos_token_id")).containsExactly(1, 5);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama, llama.rope.scaling.type, yarn, yarn is not read",
    "llama, general.type, adapter, adapter is no whole model",
    "llama, llama.pooling_type, mean, could change what the model computes",
    "llama, llama.tensor_data_layout, other, other is not known",
    "qwen2, qwen2.attention.key_length, 8, must be an integer",
  })
  void refusesTextsThatItCannotFollow(
      String architecture, String key, String value, String message) {
    GgufBuilder builder = TinyGguf.of(architecture, 1).builder().text(key, value);
    assertThatThrownBy(() -> open(builder))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining(key)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({
    "llama.expert_count, 8, mixtures of experts",
    "llama.attention.value_length, 4, 'must be the size of a head, 8: 4'",
    "llama.rope.dimension_count, 4, 'must be the size of a head, 8: 4'",
    "llama.attention.scale, 1, could change what the model computes",
    "general.quantization_version, 1, only 2 is read",
    "split.count, 2, merge the parts",
    "llama.vocab_size, 300, llama.vocab_size is",
    "tokenizer.ggml.eot_token_id, 267, is no id below 267: 267",
    "tokenizer.ggml.padding_token_id, -1, is out of range: 4294967295",
  })
  void refusesNumbersThatItCannotFollow(String key, int value, String message) {
    GgufBuilder builder = TinyGguf.of("llama", 1).builder().u32(key, value);
    assertThatThrownBy(() -> open(builder))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining(message);
  }

  @Test
  void refusesOtherArchitecturesAndTensorsByName() {
    GgufBuilder gemma = new GgufBuilder().text("general.architecture", "gemma3");
    assertThatThrownBy(() -> open(gemma))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("general.architecture gemma3: not read; known: llama, qwen2");
    GgufBuilder odd =
        TinyGguf.of("llama", 1).builder().tensor("blk.0.ssm_a", List.of(1L), new float[1]);
    try (Checkpoint checkpoint = open(odd)) {
      assertThatThrownBy(checkpoint::weights)
          .isInstanceOf(CheckpointRefused.class)
          .hasMessageContaining("tensor blk.0.ssm_a");
    }
  }

  @Test
  void refusesMoreTokensThanTheEmbeddingHas() {
    GgufBuilder builder = new GgufBuilder().text("general.architecture", "gpt2");
    builder.u32("gpt2.attention.head_count", 1).u32("gpt2.embedding_length", 4);
    TinyVocabulary.write(builder, "gpt-2");
    builder.tensor("token_embd.weight", List.of(266L, 4L), new float[266 * 4]);
    assertThatThrownBy(() -> open(builder))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("267 tokens, but token_embd.weight has 266 rows");
  }

  @Test
  void passesScalingAndWindowOn() {
    GgufBuilder builder =
        TinyGguf.of("llama", 1)
            .builder()
            .text("llama.rope.scaling.type", "linear")
            .f32("llama.rope.scaling.factor", 4)
            .u32("llama.attention.sliding_window", 64);
    try (Checkpoint checkpoint = open(builder)) {
      assertThat(checkpoint.config().size("sliding_window")).isEqualTo(64);
      assertThat(rope(checkpoint))
          .isEqualTo("{\"rope_theta\":500000.0,\"rope_type\":\"linear\",\"factor\":4.0}");
    }
  }

  @ParameterizedTest
  @CsvSource({"8", "32"})
  void findsTheParametersOfLlama3(double factor) {
    GgufBuilder builder = TinyGguf.of("llama", 1).builder();
    builder.tensor("rope_freqs.weight", List.of(4L), factors(factor));
    try (Checkpoint checkpoint = open(builder)) {
      assertThat(rope(checkpoint))
          .isEqualTo(
              "{\"rope_theta\":500000.0,\"rope_type\":\"llama3\",\"factor\":"
                  + factor
                  + ",\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
                  + "\"original_max_position_embeddings\":8192}");
      assertThat(checkpoint.weights().names()).noneMatch(name -> name.contains("rope"));
    }
  }

  @Test
  void takesRopeFactorsOfOneAndRefusesOthers() {
    GgufBuilder ones = TinyGguf.of("llama", 1).builder();
    ones.tensor("rope_freqs.weight", List.of(4L), new float[] {1, 1, 1, 1});
    try (Checkpoint checkpoint = open(ones)) {
      assertThat(rope(checkpoint)).contains("\"default\"");
    }
    GgufBuilder others = TinyGguf.of("llama", 1).builder();
    others.tensor("rope_freqs.weight", List.of(4L), factors(16));
    assertThatThrownBy(() -> open(others))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("rope_freqs.weight: is not the scaling of Llama 3.1 or 3.2");
  }

  /**
   * As {@code generate_extra_tensors} of the converter computes them: theta 500000, head size 8.
   */
  private static float[] factors(double factor) {
    float[] factors = new float[4];
    for (int i = 0; i < 4; i++) {
      float frequency = (float) (1 / Math.pow(500000, i / 4.0));
      float wavelength = (float) (2 * Math.PI) / frequency;
      if (wavelength < 2048) {
        factors[i] = 1;
      } else if (wavelength > 8192) {
        factors[i] = (float) factor;
      } else {
        float smooth = (8192 / wavelength - 1) / 3;
        factors[i] = 1 / ((1 - smooth) / (float) factor + smooth);
      }
    }
    return factors;
  }

  private static String rope(Checkpoint checkpoint) {
    return checkpoint.config().json("rope_parameters").orElseThrow();
  }

  @Test
  void makesTheTokenizerEvenWhereOneLiesBeside() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "{\"beside\":true}");
    try (Checkpoint checkpoint = open("llama")) {
      JsonNode json = new ObjectMapper().readTree(checkpoint.tokenizer());
      assertThat(json.at("/model/vocab/123").asInt()).isEqualTo(260);
      assertThat(json.at("/model/merges/1/0").asText()).isEqualTo("12");
      assertThat(json.at("/added_tokens/2/special").asBoolean(true)).isFalse();
    }
  }

  @Test
  void namesTheTokenizerThatItCannotMake() throws IOException {
    byte[] bytes = TinyGguf.of("llama", 1).builder().bytes();
    String text = new String(bytes, ISO_8859_1);
    byte[] other = bytes.clone();
    int at = text.indexOf("smollm");
    System.arraycopy("tekken".getBytes(UTF_8), 0, other, at, 6);
    Path path = Files.write(folder.resolve("other.gguf"), other);
    try (Checkpoint checkpoint = GgufCheckpoint.open(path)) {
      assertThatThrownBy(checkpoint::tokenizer)
          .isInstanceOf(CheckpointRefused.class)
          .hasMessageContaining("tokenizer.ggml.pre: tekken is not read, only gpt-2, smollm");
      Files.writeString(folder.resolve("tokenizer.json"), "{\"beside\":true}");
      assertThat(checkpoint.tokenizer()).asString(UTF_8).isEqualTo("{\"beside\":true}");
    }
  }
}
