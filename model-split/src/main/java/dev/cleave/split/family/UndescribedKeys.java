package dev.cleave.split.family;

import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.error.CheckpointRefused;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The keys of a config that ask for something outside of the description, whatever the family.
 *
 * <p>A family's own code may ignore such a key; that is not relied on, since whoever wrote it meant
 * something by it.
 */
final class UndescribedKeys {
  private static final Set<String> OFF = Set.of("false", "0", "0.0", "[]", "{}");
  private static final Set<String> ONE = Set.of("1", "1.0");

  /**
   * One kind of thing that is not described.
   *
   * @param keys that ask for it
   * @param harmless values that do not
   * @param reason for the person
   */
  private record Kind(List<String> keys, Set<String> harmless, String reason) {}

  private static final List<Kind> KINDS =
      List.of(
          new Kind(
              List.of("hidden_size_per_layer_input", "vocab_size_per_layer_input"),
              OFF,
              "per-layer embeddings need token ids in every layer, so the model cannot be split"
                  + " privately"),
          new Kind(
              List.of("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts"),
              OFF,
              "mixtures of experts are not described"),
          new Kind(
              List.of("kv_lora_rank", "q_lora_rank"), OFF, "latent attention is not described"),
          new Kind(
              List.of(
                  "mamba_d_ssm",
                  "mamba_n_heads",
                  "state_size",
                  "ssm_cfg",
                  "conv_L_cache",
                  "linear_num_key_heads"),
              OFF,
              "state-space and linear layers are not described"),
          new Kind(
              List.of("no_rope_layers"),
              OFF,
              "layers that differ in their positions are not described"),
          new Kind(
              List.of("final_logit_softcapping", "attn_logit_softcapping", "logits_soft_cap"),
              OFF,
              "soft caps are not described"),
          new Kind(
              List.of(
                  "logit_scale",
                  "logits_scaling",
                  "embedding_multiplier",
                  "residual_multiplier",
                  "attention_multiplier",
                  "lm_head_multiplier",
                  "scale_emb",
                  "scale_depth",
                  "query_pre_attn_scalar"),
              ONE,
              "scales of embedding, residual, attention or logits are not described"),
          new Kind(
              List.of(
                  "clip_qkv",
                  "attention_chunk_size",
                  "sliding_window_pattern",
                  "dual_chunk_attention_config",
                  "use_qk_norm",
                  "qk_layernorm",
                  "alibi",
                  "use_parallel_residual",
                  "parallel_attn",
                  "rope_interleaved",
                  "use_mrope",
                  "use_bidirectional_attention",
                  "add_cross_attention",
                  "cross_attention_layers",
                  "pruned_heads"),
              OFF,
              "this form of block is not described"));

  private UndescribedKeys() {}

  /** The first, as "key value: reason"; empty where there is none. */
  static Optional<String> first(ModelConfig config) {
    for (Kind kind : KINDS) {
      for (String key : kind.keys()) {
        Optional<String> value = config.json(key);
        if (value.isPresent() && !kind.harmless().contains(value.get())) {
          return Optional.of(key + " " + value.get() + ": " + kind.reason());
        }
      }
    }
    return Optional.empty();
  }

  /** Refuses what a decoder-only model may not ask for. */
  static void check(ModelConfig config) {
    Optional<String> first = first(config);
    if (first.isPresent()) {
      throw new CheckpointRefused("config.json", first.get());
    }
    if (!config.flag("is_causal").orElse(true)) {
      throw new CheckpointRefused(config.subject("is_causal"), "false: not a decoder");
    }
    checkWindow(config);
    for (String layer : config.texts("layer_types")) {
      if (!layer.equals("full_attention")) {
        throw new CheckpointRefused(
            config.subject("layer_types"), layer + ": only full_attention is described");
      }
    }
  }

  private static void checkWindow(ModelConfig config) {
    String key = "sliding_window";
    if (!config.flag("use_sliding_window").orElse(true)) {
      return;
    }
    boolean switched = config.has("use_sliding_window");
    boolean qwen = config.text("model_type").orElse("").startsWith("qwen");
    if (qwen && !switched) {
      return;
    }
    // A Mistral that does not say null has the window of its first release.
    boolean silent =
        !config.mentions(key) && config.text("model_type").orElse("").equals("mistral");
    if (config.has(key) || silent) {
      throw new CheckpointRefused(
          config.subject(key),
          config.json(key).orElse("missing, which means 4096")
              + ": attention within a sliding window is not described");
    }
  }
}
