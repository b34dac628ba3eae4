package dev.cleave.split;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.checkpoint.DType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Tiny decoder-only checkpoints of seeded numbers, each as transformers 5 writes its family. */
public final class CausalCheckpoints {
  /** Every family. */
  public static final List<String> FAMILIES = List.of("llama", "mistral", "qwen2", "qwen3", "gpt2");

  public static final int LAYERS = 3;
  public static final int WIDTH = 32;
  public static final int VOCABULARY = 40;
  public static final int POSITIONS = 64;

  private static final int HEADS = 2;
  private static final int KV_HEADS = 1;
  private static final int INNER = 64;

  private CausalCheckpoints() {}

  /** Of a family; Llama, Qwen2 and GPT-2 are tied. */
  public static TinyCheckpoint of(String family, Path folder) {
    return family.equals("gpt2") ? gpt2(folder) : llamaLike(family, folder);
  }

  private static ObjectNode config(String family, String architecture, boolean tied) {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.putArray("architectures").add(architecture);
    return config
        .put("model_type", family)
        .put("tie_word_embeddings", tied)
        .put("vocab_size", VOCABULARY)
        .put("dtype", "float32")
        .put("bos_token_id", 0)
        .put("eos_token_id", 2)
        .put("pad_token_id", 1)
        .put("transformers_version", "5.23.0");
  }

  private static TinyCheckpoint llamaLike(String family, Path folder) {
    boolean tied = family.equals("llama") || family.equals("qwen2");
    int headDim = family.equals("qwen3") ? 32 : 16;
    String name = Character.toUpperCase(family.charAt(0)) + family.substring(1) + "ForCausalLM";
    ObjectNode config =
        config(family, name, tied)
            .put("hidden_size", WIDTH)
            .put("num_hidden_layers", LAYERS)
            .put("num_attention_heads", HEADS)
            .put("num_key_value_heads", KV_HEADS)
            .put("intermediate_size", INNER)
            .put("max_position_embeddings", POSITIONS)
            .put("rms_norm_eps", 1e-5)
            .put("hidden_act", "silu");
    config.putObject("rope_parameters").put("rope_type", "default").put("rope_theta", 10_000.0);
    if (!family.equals("qwen2")) {
      config.put("head_dim", headDim);
    }
    if (!family.equals("llama")) {
      config.putNull("sliding_window");
    }
    if (family.startsWith("qwen")) {
      config.put("use_sliding_window", false).put("max_window_layers", 28);
      for (int n = 0; n < LAYERS; n++) {
        config.withArray("layer_types").add("full_attention");
      }
    }
    Numbers numbers = new Numbers(new TinyCheckpoint(folder, config));
    numbers.add("model.embed_tokens.weight", VOCABULARY, WIDTH);
    if (!tied) {
      numbers.add("lm_head.weight", VOCABULARY, WIDTH);
    }
    numbers.add("model.norm.weight", WIDTH);
    for (int n = 0; n < LAYERS; n++) {
      String layer = "model.layers." + n + ".";
      boolean biased = family.equals("qwen2");
      numbers.linear(layer + "self_attn.q_proj", HEADS * headDim, WIDTH, biased);
      numbers.linear(layer + "self_attn.k_proj", KV_HEADS * headDim, WIDTH, biased);
      numbers.linear(layer + "self_attn.v_proj", KV_HEADS * headDim, WIDTH, biased);
      numbers.linear(layer + "self_attn.o_proj", WIDTH, HEADS * headDim, false);
      if (family.equals("qwen3")) {
        numbers.add(layer + "self_attn.q_norm.weight", headDim);
        numbers.add(layer + "self_attn.k_norm.weight", headDim);
      }
      numbers.linear(layer + "mlp.gate_proj", INNER, WIDTH, false);
      numbers.linear(layer + "mlp.up_proj", INNER, WIDTH, false);
      numbers.linear(layer + "mlp.down_proj", WIDTH, INNER, false);
      numbers.add(layer + "input_layernorm.weight", WIDTH);
      numbers.add(layer + "post_attention_layernorm.weight", WIDTH);
    }
    return numbers.checkpoint;
  }

  private static TinyCheckpoint gpt2(Path folder) {
    ObjectNode config =
        config("gpt2", "GPT2LMHeadModel", true)
            .put("n_embd", WIDTH)
            .put("n_layer", LAYERS)
            .put("n_head", HEADS)
            .put("n_positions", POSITIONS)
            .put("activation_function", "gelu_new")
            .put("layer_norm_epsilon", 1e-5)
            .put("scale_attn_weights", true)
            .put("scale_attn_by_inverse_layer_idx", false)
            .put("reorder_and_upcast_attn", false)
            .put("add_cross_attention", false)
            .putNull("n_inner");
    Numbers numbers = new Numbers(new TinyCheckpoint(folder, config));
    numbers.add("transformer.wte.weight", VOCABULARY, WIDTH);
    numbers.add("transformer.wpe.weight", POSITIONS, WIDTH);
    numbers.pair("transformer.ln_f", WIDTH);
    for (int n = 0; n < LAYERS; n++) {
      String layer = "transformer.h." + n + ".";
      numbers.pair(layer + "ln_1", WIDTH);
      numbers.pair(layer + "ln_2", WIDTH);
      numbers.turned(layer + "attn.c_attn", WIDTH, 3 * WIDTH);
      numbers.turned(layer + "attn.c_proj", WIDTH, WIDTH);
      numbers.turned(layer + "mlp.c_fc", WIDTH, 4 * WIDTH);
      numbers.turned(layer + "mlp.c_proj", 4 * WIDTH, WIDTH);
    }
    return numbers.checkpoint;
  }

  /** Adds tensors of numbers that are drawn one after the other. */
  private static final class Numbers {
    private final SplittableRandom random = new SplittableRandom(7);
    private final TinyCheckpoint checkpoint;

    Numbers(TinyCheckpoint checkpoint) {
      this.checkpoint = checkpoint;
    }

    void add(String name, long... shape) {
      int elements = 1;
      for (long size : shape) {
        elements *= (int) size;
      }
      float[] values = new float[elements];
      for (int i = 0; i < elements; i++) {
        values[i] = (float) random.nextDouble(-0.5, 0.5);
      }
      List<Long> sizes = Arrays.stream(shape).boxed().toList();
      checkpoint.put(name, DType.F32, sizes, MemorySegment.ofArray(values));
    }

    void linear(String name, int out, int in, boolean bias) {
      add(name + ".weight", out, in);
      if (bias) {
        add(name + ".bias", out);
      }
    }

    void turned(String name, int in, int out) {
      add(name + ".weight", in, out);
      add(name + ".bias", out);
    }

    void pair(String name, int width) {
      add(name + ".weight", width);
      add(name + ".bias", width);
    }
  }
}
