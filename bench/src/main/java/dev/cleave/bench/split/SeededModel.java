package dev.cleave.bench.split;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A checkpoint of SmolLM2-135M's shape with random f16 weights, for machines that have not the real
 * one: it takes the same time and says nothing that makes sense. Always the same bytes.
 */
final class SeededModel {
  private static final long SEED = 135;
  private static final int WIDTH = 576;
  private static final int LAYERS = 30;
  private static final int KEY_VALUE_WIDTH = 192;
  private static final int INNER = 1536;
  private static final int VOCABULARY = 49_152;

  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final Arena arena;
  private final List<TensorData> tensors = new ArrayList<>();

  private SeededModel(Arena arena) {
    this.arena = arena;
  }

  /** Writes the checkpoint into a folder that exists. */
  static void write(Path folder) throws IOException {
    Files.write(folder.resolve("config.json"), new ObjectMapper().writeValueAsBytes(config()));
    Files.write(
        folder.resolve("tokenizer.json"), new ObjectMapper().writeValueAsBytes(tokenizer()));
    try (Arena arena = Arena.ofConfined()) {
      SeededModel model = new SeededModel(arena);
      model.fill();
      SafetensorsWriter.write(folder.resolve("model.safetensors"), model.tensors, written -> {});
    }
  }

  private void fill() {
    matrix("model.embed_tokens.weight", VOCABULARY, WIDTH, 1.0);
    for (int n = 0; n < LAYERS; n++) {
      String layer = "model.layers." + n + ".";
      ones(layer + "input_layernorm.weight");
      matrix(layer + "self_attn.q_proj.weight", WIDTH, WIDTH, 1 / Math.sqrt(WIDTH));
      matrix(layer + "self_attn.k_proj.weight", KEY_VALUE_WIDTH, WIDTH, 1 / Math.sqrt(WIDTH));
      matrix(layer + "self_attn.v_proj.weight", KEY_VALUE_WIDTH, WIDTH, 1 / Math.sqrt(WIDTH));
      matrix(layer + "self_attn.o_proj.weight", WIDTH, WIDTH, 1 / Math.sqrt(WIDTH));
      ones(layer + "post_attention_layernorm.weight");
      matrix(layer + "mlp.gate_proj.weight", INNER, WIDTH, 1 / Math.sqrt(WIDTH));
      matrix(layer + "mlp.up_proj.weight", INNER, WIDTH, 1 / Math.sqrt(WIDTH));
      matrix(layer + "mlp.down_proj.weight", WIDTH, INNER, 1 / Math.sqrt(INNER));
    }
    ones("model.norm.weight");
  }

  private void matrix(String name, int rows, int columns, double deviation) {
    long count = (long) rows * columns;
    MemorySegment bytes = arena.allocate(count * Short.BYTES, Short.BYTES);
    for (long i = 0; i < count; i++) {
      // Uniform does as well as normal here, and is ten times faster to draw.
      float value = (float) ((random.nextDouble() * 2 - 1) * Math.sqrt(3) * deviation);
      bytes.set(HALF, i * Short.BYTES, Float.floatToFloat16(value));
    }
    tensors.add(new TensorData(name, DType.F16, List.of((long) rows, (long) columns), bytes));
  }

  private void ones(String name) {
    MemorySegment bytes = arena.allocate((long) WIDTH * Short.BYTES, Short.BYTES);
    for (long i = 0; i < WIDTH; i++) {
      bytes.set(HALF, i * Short.BYTES, Float.floatToFloat16(1));
    }
    tensors.add(new TensorData(name, DType.F16, List.of((long) WIDTH), bytes));
  }

  private static ObjectNode config() {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.putArray("architectures").add("LlamaForCausalLM");
    config.put("model_type", "llama");
    config.put("hidden_size", WIDTH);
    config.put("intermediate_size", INNER);
    config.put("num_hidden_layers", LAYERS);
    config.put("num_attention_heads", 9);
    config.put("num_key_value_heads", 3);
    config.put("max_position_embeddings", 8192);
    config.put("vocab_size", VOCABULARY);
    config.put("rms_norm_eps", 1e-5);
    config.put("rope_theta", 100_000.0);
    config.put("hidden_act", "silu");
    config.put("tie_word_embeddings", true);
    config.put("torch_dtype", "float16");
    config.put("bos_token_id", 1);
    config.put("eos_token_id", 2);
    return config;
  }

  /** One token per byte, from id 0. */
  private static ObjectNode tokenizer() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("version", "1.0");
    root.putArray("added_tokens");
    ObjectNode pre = root.putObject("pre_tokenizer");
    pre.put("type", "ByteLevel").put("add_prefix_space", false);
    pre.put("trim_offsets", true).put("use_regex", true);
    root.set("decoder", pre.deepCopy());
    ObjectNode model = root.putObject("model").put("type", "BPE");
    ObjectNode vocabulary = model.putObject("vocab");
    int spare = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      vocabulary.put(String.valueOf((char) (printable ? b : spare++)), b);
    }
    model.putArray("merges");
    return root;
  }
}
