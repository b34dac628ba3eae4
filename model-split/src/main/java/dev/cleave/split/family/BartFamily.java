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
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.error.CheckpointRefused;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * BART and Marian: layer norms after each residual, biases everywhere, absolute positions.
 *
 * <p>They differ in the positions (learned with two spare rows, or sinusoidal), in a norm over the
 * embedding (BART), and in the tokens that decoding starts and ends with.
 */
final class BartFamily {
  /** What torch's LayerNorm takes when nobody says otherwise; no config does. */
  private static final double EPSILON = 1e-5;

  /** The rows that BART's position table keeps for a padding index it no longer uses. */
  private static final int LEARNED_OFFSET = 2;

  /** Elements of a position table that is computed on the word of the config alone. */
  private static final long MAX_COMPUTED = 1L << 26;

  private static final String[][] ATTENTION = {
    {"q", "q_proj"}, {"k", "k_proj"}, {"v", "v_proj"}, {"o", "out_proj"}
  };

  private final ModelConfig config;
  private final GenerationReader generation;
  private final Arena arena;
  private final boolean marian;
  private final int width;
  private final int positions;

  BartFamily(ModelConfig config, GenerationReader generation, Arena arena) {
    this.config = config;
    this.generation = generation;
    this.arena = arena;
    this.marian = config.text("model_type").orElse("").equals("marian");
    this.width = config.size("d_model");
    this.positions = config.size("max_position_embeddings");
  }

  Seq2SeqModel understand(TensorPlan plan) {
    checkForms();
    int vocabulary = config.size("vocab_size");
    boolean tied = config.flag("tie_word_embeddings").orElse(true);
    Embeddings embeddings = embeddings(plan, tied);
    ModelSpec spec =
        new ModelSpec(
            marian ? "marian" : "bart",
            stack("encoder", vocabulary),
            stack("decoder", vocabulary),
            new HeadSpec(vocabulary, tied, 1, plan.has("final_logits_bias")));
    Map<String, String> encoderSources = sources("encoder", spec.encoder());
    encoderSources.put("embed.weight", embeddings.encoder());
    Map<String, String> decoderSources = sources("decoder", spec.decoder());
    decoderSources.put("embed.weight", embeddings.decoder());
    if (!tied) {
      decoderSources.put("head.weight", "lm_head.weight");
    }
    if (spec.head().bias()) {
      decoderSources.put("head.bias", "final_logits_bias");
    }
    // Format markers of early releases; the reference ignores them by name as well.
    plan.ignore("model.encoder.version");
    plan.ignore("model.decoder.version");
    Seq2SeqModel model =
        new Seq2SeqModel(
            spec,
            plan.take(
                CanonicalTensors.ofStack(spec.encoder()),
                encoderSources,
                computed(plan, "encoder", encoderSources)),
            plan.take(
                CanonicalTensors.ofDecoder(spec.decoder(), spec.head()),
                decoderSources,
                computed(plan, "decoder", decoderSources)),
            new BundleManifest.Limits(positions, positions),
            generation.read(
                vocabulary,
                marian ? OptionalInt.empty() : OptionalInt.of(2),
                marian ? OptionalInt.of(0) : OptionalInt.of(2)));
    plan.finish();
    return model;
  }

  /** Keys of early releases that would ask for another form of block than the code computes. */
  private void checkForms() {
    refuseFlag("normalize_before", true);
    refuseFlag("add_final_layer_norm", true);
    refuseFlag("add_bias_logits", true);
    refuseFlag("normalize_embedding", marian);
    refuseFlag("static_position_embeddings", !marian);
    if (marian) {
      refuseFlag("share_encoder_decoder_embeddings", false);
      int shared = config.size("vocab_size");
      if (config.integer("decoder_vocab_size").orElse(shared) != shared) {
        throw new CheckpointRefused(
            config.subject("decoder_vocab_size"),
            "differs from vocab_size " + shared + ": separate vocabularies are not described");
      }
    }
  }

  private void refuseFlag(String key, boolean refused) {
    if (config.flag(key).orElse(!refused) == refused) {
      throw new CheckpointRefused(
          config.subject(key),
          refused + ": this form of " + (marian ? "marian" : "bart") + " is not described");
    }
  }

  /** Which tensors the two stacks embed with. */
  private record Embeddings(String encoder, String decoder) {}

  private static Embeddings embeddings(TensorPlan plan, boolean tied) {
    if (tied) {
      String shared =
          plan.alias(
              "model.shared.weight",
              "model.encoder.embed_tokens.weight",
              "model.decoder.embed_tokens.weight",
              "lm_head.weight");
      return new Embeddings(shared, shared);
    }
    boolean apart =
        plan.has("model.encoder.embed_tokens.weight")
            && plan.has("model.decoder.embed_tokens.weight");
    if (!apart) {
      String shared =
          plan.alias(
              "model.shared.weight",
              "model.encoder.embed_tokens.weight",
              "model.decoder.embed_tokens.weight");
      return new Embeddings(shared, shared);
    }
    plan.ignore("model.shared.weight");
    return new Embeddings("model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight");
  }

  private StackSpec stack(String side, int vocabulary) {
    NormSpec norm = new NormSpec(NormSpec.Kind.LAYER, EPSILON);
    int heads = config.size(side + "_attention_heads");
    if (width % heads != 0) {
      throw new CheckpointRefused(
          config.subject(side + "_attention_heads"), heads + " does not divide d_model " + width);
    }
    int headDim = width / heads;
    AttentionSpec attention =
        new AttentionSpec(
            new AttentionSpec.Layout(heads, heads, headDim),
            AttentionSpec.Biases.ALL,
            Math.pow(headDim, -0.5),
            new AttentionSpec.NoPositions(),
            Optional.empty());
    MlpSpec mlp =
        new MlpSpec(
            config.size(side + "_ffn_dim"),
            false,
            Activations.named(
                config.subject("activation_function"),
                config.text("activation_function").orElse("gelu")),
            true);
    EmbeddingSpec.Table table =
        marian
            ? new EmbeddingSpec.Table(EmbeddingSpec.Origin.SINUSOIDAL, 0, positions)
            : new EmbeddingSpec.Table(EmbeddingSpec.Origin.LEARNED, LEARNED_OFFSET, positions);
    return new StackSpec(
        width,
        config.size(side + "_layers"),
        new EmbeddingSpec(
            vocabulary,
            config.flag("scale_embedding").orElse(false) ? Math.sqrt(width) : 1,
            table,
            marian ? Optional.empty() : Optional.of(norm)),
        new BlockSpec(
            norm,
            NormSpec.Placement.POST,
            attention,
            side.equals("decoder") ? Optional.of(attention) : Optional.empty(),
            mlp),
        Optional.empty());
  }

  /** Marian's table, where the file leaves it out; one that is in the file is used as it is. */
  private Map<String, TensorData> computed(
      TensorPlan plan, String side, Map<String, String> sources) {
    if (!marian || plan.has(positionsOf(side))) {
      return Map.of();
    }
    if ((long) positions * width > MAX_COMPUTED) {
      throw new CheckpointRefused(
          config.subject("max_position_embeddings"), positions + " positions are too many");
    }
    sources.remove("embed.positions.weight");
    return Map.of(
        "embed.positions.weight",
        Sinusoids.table("embed.positions.weight", positions, width, arena));
  }

  private static String positionsOf(String side) {
    return "model." + side + ".embed_positions.weight";
  }

  private static Map<String, String> sources(String side, StackSpec stack) {
    Map<String, String> map = new HashMap<>();
    String root = "model." + side + ".";
    map.put("embed.positions.weight", positionsOf(side));
    if (stack.embedding().norm().isPresent()) {
      pair(map, "embed.norm", root + "layernorm_embedding");
    }
    for (int n = 0; n < stack.layers(); n++) {
      String to = "layers." + n + ".";
      String from = root + "layers." + n + ".";
      for (String[] part : ATTENTION) {
        pair(map, to + "self." + part[0], from + "self_attn." + part[1]);
        if (side.equals("decoder")) {
          pair(map, to + "cross." + part[0], from + "encoder_attn." + part[1]);
        }
      }
      pair(map, to + "self.norm", from + "self_attn_layer_norm");
      if (side.equals("decoder")) {
        pair(map, to + "cross.norm", from + "encoder_attn_layer_norm");
      }
      pair(map, to + "mlp.up", from + "fc1");
      pair(map, to + "mlp.down", from + "fc2");
      pair(map, to + "mlp.norm", from + "final_layer_norm");
    }
    return map;
  }

  private static void pair(Map<String, String> map, String to, String from) {
    map.put(to + ".weight", from + ".weight");
    map.put(to + ".bias", from + ".bias");
  }
}
