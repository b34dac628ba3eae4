package dev.cleave.split.family;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.CausalSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.error.CheckpointRefused;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Llama and those who kept its shape: RMS norms before each part, rotary positions, grouped keys
 * and values, a gated feed-forward part.
 *
 * <p>Qwen2 adds biases to q, k and v, Qwen3 a norm over each head of q and k, Mistral nothing.
 */
final class LlamaFamily {
  /** The head's size that Qwen3 takes where the config is silent. */
  private static final int QWEN3_HEAD_DIM = 128;

  private final ModelConfig config;
  private final GenerationReader generation;
  private final String type;
  private final int width;
  private final int heads;

  LlamaFamily(ModelConfig config, GenerationReader generation) {
    this.config = config;
    this.generation = generation;
    this.type = config.text("model_type").orElse("");
    this.width = config.size("hidden_size");
    this.heads = config.size("num_attention_heads");
  }

  CausalModel understand(TensorPlan plan) {
    int vocabulary = config.size("vocab_size");
    int layers = config.size("num_hidden_layers");
    boolean tied = config.flag("tie_word_embeddings").orElse(false);
    NormSpec norm = new NormSpec(NormSpec.Kind.RMS, config.number("rms_norm_eps", 1e-6));
    StackSpec stack =
        new StackSpec(
            width,
            layers,
            new EmbeddingSpec(vocabulary, 1, new EmbeddingSpec.NoPositions(), Optional.empty()),
            new BlockSpec(norm, NormSpec.Placement.PRE, attention(norm), Optional.empty(), mlp()),
            Optional.of(norm));
    CausalSpec spec = new CausalSpec(type, stack, new HeadSpec(vocabulary, tied, 1, false));
    CausalModel model =
        new CausalModel(
            spec,
            plan.plan(CanonicalTensors.ofCausal(spec), sources(plan, spec), Map.of()),
            config.size("max_position_embeddings"),
            generation.readCausal(vocabulary));
    plan.finish();
    return model;
  }

  private AttentionSpec attention(NormSpec norm) {
    boolean attentionBias = config.flag("attention_bias").orElse(false);
    AttentionSpec.Biases biases =
        switch (type) {
          case "llama", "qwen3" ->
              attentionBias ? AttentionSpec.Biases.ALL : AttentionSpec.Biases.NONE;
          case "qwen2" -> new AttentionSpec.Biases(true, true, true, false);
          default -> AttentionSpec.Biases.NONE;
        };
    int headDim = headDim();
    return new AttentionSpec(
        new AttentionSpec.Layout(heads, keyValueHeads(), headDim),
        biases,
        Math.pow(headDim, -0.5),
        RopeReader.read(config, headDim),
        type.equals("qwen3") ? Optional.of(norm) : Optional.empty());
  }

  private int headDim() {
    if (config.has("head_dim")) {
      return config.size("head_dim");
    }
    if (type.equals("qwen3")) {
      return QWEN3_HEAD_DIM;
    }
    if (width % heads != 0) {
      throw new CheckpointRefused(
          config.subject("num_attention_heads"), heads + " does not divide hidden_size " + width);
    }
    return width / heads;
  }

  /** As many as heads where the config says null, and in a Llama that says nothing. */
  private int keyValueHeads() {
    String key = "num_key_value_heads";
    boolean asHeads = type.equals("llama") || config.mentions(key);
    return !config.has(key) && asHeads ? heads : config.size(key);
  }

  private MlpSpec mlp() {
    return new MlpSpec(
        config.size("intermediate_size"),
        true,
        Activations.named(config.subject("hidden_act"), config.text("hidden_act").orElse("silu")),
        type.equals("llama") && config.flag("mlp_bias").orElse(false));
  }

  private static Map<String, String> sources(TensorPlan plan, CausalSpec spec) {
    Map<String, String> map = new HashMap<>();
    String embedding = "model.embed_tokens.weight";
    map.put("embed.weight", embedding);
    map.put(
        "head.weight",
        spec.head().tied() ? plan.alias(embedding, "lm_head.weight") : "lm_head.weight");
    map.put("norm.weight", "model.norm.weight");
    // Frequencies that early releases saved; every release computes them.
    plan.ignore("model.rotary_emb.inv_freq");
    for (int n = 0; n < spec.layers(); n++) {
      String from = "model.layers." + n + ".";
      String to = "layers." + n + ".";
      plan.ignore(from + "self_attn.rotary_emb.inv_freq");
      attention(map, to + "self.", from + "self_attn.", spec.stack().block().self());
      map.put(to + "self.norm.weight", from + "input_layernorm.weight");
      map.put(to + "mlp.norm.weight", from + "post_attention_layernorm.weight");
      for (String part : new String[] {"up", "gate", "down"}) {
        linear(
            map,
            to + "mlp." + part,
            from + "mlp." + part + "_proj",
            spec.stack().block().mlp().bias());
      }
    }
    return map;
  }

  private static void attention(
      Map<String, String> map, String to, String from, AttentionSpec attention) {
    AttentionSpec.Biases bias = attention.bias();
    linear(map, to + "q", from + "q_proj", bias.query());
    linear(map, to + "k", from + "k_proj", bias.key());
    linear(map, to + "v", from + "v_proj", bias.value());
    linear(map, to + "o", from + "o_proj", bias.out());
    if (attention.queryKeyNorm().isPresent()) {
      map.put(to + "q_norm.weight", from + "q_norm.weight");
      map.put(to + "k_norm.weight", from + "k_norm.weight");
    }
  }

  private static void linear(Map<String, String> map, String to, String from, boolean bias) {
    map.put(to + ".weight", from + ".weight");
    if (bias) {
      map.put(to + ".bias", from + ".bias");
    }
  }
}
