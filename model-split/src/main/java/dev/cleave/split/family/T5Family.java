package dev.cleave.split.family;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.ModelSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.error.CheckpointRefused;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * T5 v1.0, T5 v1.1 (flan) and mT5: RMS norms before each part, relative bias, no scale in the
 * attention, no biases.
 */
final class T5Family {
  /** Relative positions have no end; the encoder's table of distances has. */
  private static final int MAX_POSITIONS = 1 << 16;

  private final ModelConfig config;
  private final GenerationReader generation;
  private final boolean multilingual;
  private final int heads;
  private final boolean gated;

  T5Family(ModelConfig config, GenerationReader generation) {
    this.config = config;
    this.generation = generation;
    this.multilingual = config.text("model_type").orElse("").equals("mt5");
    this.heads = config.size("num_heads");
    this.gated = form().startsWith("gated-");
  }

  Seq2SeqModel understand(TensorPlan plan) {
    int layers = config.size("num_layers");
    int decoderLayers =
        config.has("num_decoder_layers") ? config.size("num_decoder_layers") : layers;
    boolean tied = headIsTied(plan);
    String shared =
        tied && plan.has("lm_head.weight")
            ? plan.alias(
                "shared.weight",
                "encoder.embed_tokens.weight",
                "decoder.embed_tokens.weight",
                "lm_head.weight")
            : plan.alias(
                "shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight");
    int vocabulary = config.size("vocab_size");
    int width = config.size("d_model");
    ModelSpec spec =
        new ModelSpec(
            multilingual ? "mt5" : "t5",
            stack(layers, false),
            stack(decoderLayers, true),
            new HeadSpec(vocabulary, tied, scalesOutput() ? Math.pow(width, -0.5) : 1, false));
    Map<String, String> decoderSources = sources("decoder", decoderLayers, shared);
    if (!tied) {
      decoderSources.put("head.weight", "lm_head.weight");
    }
    // A bias of the cross attention that was never used; the reference ignores it by name as well.
    plan.ignore("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight");
    Seq2SeqModel model =
        new Seq2SeqModel(
            spec,
            plan.take(
                CanonicalTensors.ofStack(spec.encoder()),
                sources("encoder", layers, shared),
                Map.of()),
            plan.take(
                CanonicalTensors.ofDecoder(spec.decoder(), spec.head()), decoderSources, Map.of()),
            new BundleManifest.Limits(MAX_POSITIONS, MAX_POSITIONS),
            generation.read(
                vocabulary,
                multilingual ? OptionalInt.of(0) : OptionalInt.empty(),
                OptionalInt.empty()));
    plan.finish();
    return model;
  }

  /**
   * Whether the head is the embedding. Configs of transformers 5 always say tied, whatever the file
   * holds, and tell v1.1 by scale_decoder_outputs; those of transformers 4 mean what they say.
   */
  private boolean headIsTied(TensorPlan plan) {
    Optional<Boolean> tie = config.flag("tie_word_embeddings");
    boolean saidByFour = !writtenByFive();
    if (!plan.has("lm_head.weight")) {
      boolean untied = saidByFour && !tie.orElse(!multilingual);
      if (untied) {
        throw new CheckpointRefused(
            "tensor lm_head.weight", "missing, but tie_word_embeddings is false");
      }
      return true;
    }
    if (plan.has("shared.weight") && plan.equal("shared.weight", "lm_head.weight")) {
      return true;
    }
    if (saidByFour && tie.orElse(!multilingual)) {
      throw new CheckpointRefused(
          "tensor lm_head.weight",
          "differs from shared.weight, but tie_word_embeddings is true: releases of transformers"
              + " disagree on which is used");
    }
    return false;
  }

  private boolean writtenByFive() {
    return config.mentions("scale_decoder_outputs")
        || config.text("transformers_version").orElse("").startsWith("5.");
  }

  private boolean scalesOutput() {
    Optional<Boolean> said = config.flag("scale_decoder_outputs");
    Optional<Boolean> tie = config.flag("tie_word_embeddings");
    if (multilingual) {
      // transformers 4 scaled a tied mT5, transformers 5 never does; no published one is tied.
      if (said.orElse(false) || (!writtenByFive() && tie.orElse(false))) {
        throw new CheckpointRefused(
            config.subject("tie_word_embeddings"),
            "a scaled head of mt5: releases of transformers disagree on it");
      }
      return false;
    }
    return said.orElse(tie.orElse(true));
  }

  private StackSpec stack(int layers, boolean decoder) {
    NormSpec norm = new NormSpec(NormSpec.Kind.RMS, config.number("layer_norm_epsilon", 1e-6));
    AttentionSpec.Layout layout = new AttentionSpec.Layout(heads, heads, config.size("d_kv"));
    int buckets = config.integer("relative_attention_num_buckets").orElse(32);
    int maxDistance = config.integer("relative_attention_max_distance").orElse(128);
    AttentionSpec self = attention(layout, relativeBias(buckets, maxDistance, !decoder));
    AttentionSpec cross = attention(layout, new AttentionSpec.NoPositions());
    return new StackSpec(
        config.size("d_model"),
        layers,
        new EmbeddingSpec(
            config.size("vocab_size"), 1, new EmbeddingSpec.NoPositions(), Optional.empty()),
        new BlockSpec(
            norm,
            NormSpec.Placement.PRE,
            self,
            decoder ? Optional.of(cross) : Optional.empty(),
            new MlpSpec(config.size("d_ff"), gated, activation(), false)),
        Optional.of(norm));
  }

  private AttentionSpec.Positions relativeBias(
      int buckets, int maxDistance, boolean bidirectional) {
    try {
      return new AttentionSpec.RelativeBias(buckets, maxDistance, bidirectional);
    } catch (IllegalArgumentException e) {
      throw new CheckpointRefused(
          config.subject("relative_attention_num_buckets"), String.valueOf(e.getMessage()));
    }
  }

  private static AttentionSpec attention(
      AttentionSpec.Layout layout, AttentionSpec.Positions positions) {
    return new AttentionSpec(layout, AttentionSpec.Biases.NONE, 1, positions, Optional.empty());
  }

  /** {@code feed_forward_proj}, which decides; dense_act_fn and is_gated_act only repeat it. */
  private String form() {
    String absent = multilingual ? "gated-gelu" : "relu";
    return config.text("feed_forward_proj").orElse(absent);
  }

  private MlpSpec.Activation activation() {
    String form = form();
    String name = gated ? form.substring("gated-".length()) : form;
    // "gated-gelu" has always meant the tanh form.
    MlpSpec.Activation activation =
        form.equals("gated-gelu")
            ? MlpSpec.Activation.GELU_TANH
            : Activations.named(config.subject("feed_forward_proj"), name);
    Optional<String> repeated = config.text("dense_act_fn");
    if (repeated.isPresent()
        && Activations.named(config.subject("dense_act_fn"), repeated.get()) != activation) {
      throw new CheckpointRefused(
          config.subject("dense_act_fn"),
          repeated.get() + " contradicts feed_forward_proj " + form);
    }
    if (config.flag("is_gated_act").orElse(gated) != gated) {
      throw new CheckpointRefused(
          config.subject("is_gated_act"), "contradicts feed_forward_proj " + form);
    }
    return activation;
  }

  private Map<String, String> sources(String side, int layers, String shared) {
    Map<String, String> map = new HashMap<>();
    boolean decoder = side.equals("decoder");
    map.put("embed.weight", shared);
    map.put(
        "self.relative_bias.weight",
        side + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    map.put("norm.weight", side + ".final_layer_norm.weight");
    for (int n = 0; n < layers; n++) {
      String to = "layers." + n + ".";
      String from = side + ".block." + n + ".layer.";
      for (String part : new String[] {"q", "k", "v", "o"}) {
        map.put(to + "self." + part + ".weight", from + "0.SelfAttention." + part + ".weight");
        if (decoder) {
          map.put(to + "cross." + part + ".weight", from + "1.EncDecAttention." + part + ".weight");
        }
      }
      map.put(to + "self.norm.weight", from + "0.layer_norm.weight");
      if (decoder) {
        map.put(to + "cross.norm.weight", from + "1.layer_norm.weight");
      }
      String mlp = from + (decoder ? "2" : "1");
      // wi_0 goes through the activation.
      map.put(to + "mlp.up.weight", mlp + ".DenseReluDense." + (gated ? "wi_1" : "wi") + ".weight");
      if (gated) {
        map.put(to + "mlp.gate.weight", mlp + ".DenseReluDense.wi_0.weight");
      }
      map.put(to + "mlp.down.weight", mlp + ".DenseReluDense.wo.weight");
      map.put(to + "mlp.norm.weight", mlp + ".layer_norm.weight");
    }
    return map;
  }
}
