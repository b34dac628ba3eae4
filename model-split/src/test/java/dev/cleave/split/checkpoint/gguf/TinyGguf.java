package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.checkpoint.gguf.format.GgufBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * Tiny models from a seed, as Hugging Face has them and as llama.cpp's converter would write them.
 * Width 32, 2 layers, 4 heads, a byte-level vocabulary of 267.
 */
public final class TinyGguf {
  static final int WIDTH = 32;
  static final int LAYERS = 2;
  static final int HEADS = 4;
  static final int INNER = 64;
  static final int POSITIONS = 128;

  private final Architecture architecture;
  private final Random random;
  private final int kvHeads;
  private final int headDim;
  private final GgufBuilder builder = new GgufBuilder();
  private final Map<String, float[]> expected = new LinkedHashMap<>();
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

  private TinyGguf(String name, long seed) {
    this.architecture =
        switch (name) {
          case "llama" -> Architecture.LLAMA;
          case "qwen2" -> Architecture.QWEN2;
          case "qwen3" -> Architecture.QWEN3;
          case "gpt2" -> Architecture.GPT2;
          default -> throw new IllegalArgumentException(name);
        };
    this.random = new Random(seed);
    this.kvHeads = architecture == Architecture.GPT2 ? HEADS : 2;
    this.headDim = architecture == Architecture.QWEN3 ? 16 : 8;
    metadata(name);
    TinyVocabulary.write(builder, "smollm");
    tensors();
  }

  /** A model of {@code llama}, {@code qwen2}, {@code qwen3} or {@code gpt2}. */
  public static TinyGguf of(String architecture, long seed) {
    return new TinyGguf(architecture, seed);
  }

  /** The file, to be added to. */
  public GgufBuilder builder() {
    return builder;
  }

  /** Values by Hugging Face name, row-major. */
  public Map<String, float[]> expected() {
    return expected;
  }

  /** Shapes by Hugging Face name. */
  public Map<String, List<Long>> shapes() {
    return shapes;
  }

  private void metadata(String name) {
    builder.text("general.architecture", name).text("general.name", "Tiny " + name + ": seeded!");
    builder.u32(name + ".block_count", LAYERS).u32(name + ".context_length", POSITIONS);
    builder.u32(name + ".embedding_length", WIDTH).u32(name + ".feed_forward_length", INNER);
    builder.u32(name + ".attention.head_count", HEADS);
    if (architecture == Architecture.GPT2) {
      builder.f32(name + ".attention.layer_norm_epsilon", 1e-5);
      return;
    }
    builder.u32(name + ".attention.head_count_kv", kvHeads);
    builder.f32(name + ".attention.layer_norm_rms_epsilon", 1e-6);
    builder.f32(name + ".rope.freq_base", 500000);
    if (architecture == Architecture.QWEN3) {
      builder.u32(name + ".attention.key_length", headDim);
      builder.u32(name + ".attention.value_length", headDim);
    }
  }

  private void tensors() {
    if (architecture == Architecture.GPT2) {
      gpt2();
      return;
    }
    plain("token_embd.weight", "model.embed_tokens.weight", TinyVocabulary.SIZE, WIDTH);
    for (int n = 0; n < LAYERS; n++) {
      String from = "model.layers." + n + ".";
      String to = "blk." + n + ".";
      plain(to + "attn_norm.weight", from + "input_layernorm.weight", WIDTH);
      projection(to + "attn_q", from + "self_attn.q_proj", HEADS);
      projection(to + "attn_k", from + "self_attn.k_proj", kvHeads);
      projection(to + "attn_v", from + "self_attn.v_proj", kvHeads);
      plain(to + "attn_output.weight", from + "self_attn.o_proj.weight", WIDTH, HEADS * headDim);
      if (architecture == Architecture.LLAMA) {
        plain(to + "attn_output.bias", from + "self_attn.o_proj.bias", WIDTH);
      }
      if (architecture == Architecture.QWEN3) {
        plain(to + "attn_q_norm.weight", from + "self_attn.q_norm.weight", headDim);
        plain(to + "attn_k_norm.weight", from + "self_attn.k_norm.weight", headDim);
      }
      plain(to + "ffn_norm.weight", from + "post_attention_layernorm.weight", WIDTH);
      plain(to + "ffn_gate.weight", from + "mlp.gate_proj.weight", INNER, WIDTH);
      plain(to + "ffn_up.weight", from + "mlp.up_proj.weight", INNER, WIDTH);
      plain(to + "ffn_down.weight", from + "mlp.down_proj.weight", WIDTH, INNER);
    }
    plain("output_norm.weight", "model.norm.weight", WIDTH);
    if (architecture != Architecture.QWEN3) {
      plain("output.weight", "lm_head.weight", TinyVocabulary.SIZE, WIDTH);
    }
  }

  /** Weight, and for llama and qwen2 bias; q and k of llama in the order of llama.cpp. */
  private void projection(String gguf, String hf, int heads) {
    int rows = heads * headDim;
    boolean pairs = architecture == Architecture.LLAMA && !gguf.endsWith("attn_v");
    float[] weight = random(hf + ".weight", rows, WIDTH);
    builder.tensor(
        gguf + ".weight", shape(hf + ".weight"), pairs ? permuted(weight, heads, WIDTH) : weight);
    if (architecture != Architecture.QWEN3) {
      float[] bias = random(hf + ".bias", rows);
      builder.tensor(gguf + ".bias", shape(hf + ".bias"), pairs ? permuted(bias, heads, 1) : bias);
    }
  }

  private void gpt2() {
    plain("token_embd.weight", "transformer.wte.weight", TinyVocabulary.SIZE, WIDTH);
    plain("position_embd.weight", "transformer.wpe.weight", POSITIONS, WIDTH);
    for (int n = 0; n < LAYERS; n++) {
      String from = "transformer.h." + n + ".";
      String to = "blk." + n + ".";
      norm(to + "attn_norm", from + "ln_1");
      convolution(to + "attn_qkv", from + "attn.c_attn", WIDTH, 3 * WIDTH);
      convolution(to + "attn_output", from + "attn.c_proj", WIDTH, WIDTH);
      norm(to + "ffn_norm", from + "ln_2");
      convolution(to + "ffn_up", from + "mlp.c_fc", WIDTH, INNER);
      convolution(to + "ffn_down", from + "mlp.c_proj", INNER, WIDTH);
    }
    norm("output_norm", "transformer.ln_f");
  }

  private void norm(String gguf, String hf) {
    plain(gguf + ".weight", hf + ".weight", WIDTH);
    plain(gguf + ".bias", hf + ".bias", WIDTH);
  }

  /** [in, out] there, [out, in] here. */
  private void convolution(String gguf, String hf, int in, int out) {
    float[] weight = random(hf + ".weight", in, out);
    float[] turned = new float[weight.length];
    for (int i = 0; i < in; i++) {
      for (int o = 0; o < out; o++) {
        turned[o * in + i] = weight[i * out + o];
      }
    }
    builder.tensor(gguf + ".weight", List.of((long) out, (long) in), turned);
    plain(gguf + ".bias", hf + ".bias", out);
  }

  private void plain(String gguf, String hf, int... shape) {
    float[] values = random(hf, shape);
    builder.tensor(gguf, shape(hf), values);
  }

  private List<Long> shape(String hf) {
    return Objects.requireNonNull(shapes.get(hf));
  }

  /** {@code LlamaModel.permute} of the converter: [heads, 2, half, n] to [heads, half, 2, n]. */
  private static float[] permuted(float[] values, int heads, int columns) {
    int half = values.length / columns / heads / 2;
    float[] out = new float[values.length];
    int to = 0;
    for (int head = 0; head < heads; head++) {
      for (int j = 0; j < half; j++) {
        for (int s = 0; s < 2; s++) {
          System.arraycopy(values, ((head * 2 + s) * half + j) * columns, out, to, columns);
          to += columns;
        }
      }
    }
    return out;
  }

  private float[] random(String hf, int... shape) {
    List<Long> sizes = new ArrayList<>();
    int elements = 1;
    for (int size : shape) {
      sizes.add((long) size);
      elements *= size;
    }
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      values[i] = (float) random.nextGaussian() * 0.1f;
    }
    expected.put(hf, values);
    shapes.put(hf, sizes);
    return values;
  }
}
