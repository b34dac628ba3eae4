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
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.error.CheckpointRefused;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * GPT-2: layer norms before each part, biases everywhere, learned positions.
 *
 * <p>Its linears are saved as {@code [in, out]} and q, k and v as one; they are turned and parted
 * here.
 */
final class Gpt2Family {
  private final ModelConfig config;
  private final GenerationReader generation;
  private final int width;
  private final int inner;

  Gpt2Family(ModelConfig config, GenerationReader generation) {
    this.config = config;
    this.generation = generation;
    this.width = config.size("n_embd");
    this.inner = config.has("n_inner") ? config.size("n_inner") : Math.multiplyExact(4, width);
  }

  CausalModel understand(TensorPlan plan) {
    // A factor of its own in each layer; the other flag only asks for f32, which this is.
    if (config.flag("scale_attn_by_inverse_layer_idx").orElse(false)) {
      throw new CheckpointRefused(
          config.subject("scale_attn_by_inverse_layer_idx"),
          "true: layers that differ in their scale are not described");
    }
    int vocabulary = config.size("vocab_size");
    int positions = config.size("n_positions");
    boolean tied = config.flag("tie_word_embeddings").orElse(true);
    NormSpec norm = new NormSpec(NormSpec.Kind.LAYER, config.number("layer_norm_epsilon", 1e-5));
    EmbeddingSpec.Table table = new EmbeddingSpec.Table(EmbeddingSpec.Origin.LEARNED, 0, positions);
    StackSpec stack =
        new StackSpec(
            width,
            config.size("n_layer"),
            new EmbeddingSpec(vocabulary, 1, table, Optional.empty()),
            new BlockSpec(norm, NormSpec.Placement.PRE, attention(), Optional.empty(), mlp()),
            Optional.of(norm));
    CausalSpec spec = new CausalSpec("gpt2", stack, new HeadSpec(vocabulary, tied, 1, false));
    // The first release has no prefix.
    String root = plan.has("transformer.wte.weight") ? "transformer." : "";
    CausalModel model =
        new CausalModel(
            spec,
            plan.plan(
                CanonicalTensors.ofCausal(spec),
                sources(plan, root, spec),
                turned(plan, root, spec.layers())),
            positions,
            generation.readCausal(vocabulary));
    plan.finish();
    return model;
  }

  private AttentionSpec attention() {
    int heads = config.size("n_head");
    if (width % heads != 0) {
      throw new CheckpointRefused(
          config.subject("n_head"), heads + " does not divide n_embd " + width);
    }
    int headDim = width / heads;
    boolean scaled = config.flag("scale_attn_weights").orElse(true);
    return new AttentionSpec(
        new AttentionSpec.Layout(heads, heads, headDim),
        AttentionSpec.Biases.ALL,
        scaled ? Math.pow(headDim, -0.5) : 1,
        new AttentionSpec.NoPositions(),
        Optional.empty());
  }

  private MlpSpec mlp() {
    String key = "activation_function";
    return new MlpSpec(
        inner,
        false,
        Activations.named(config.subject(key), config.text(key).orElse("gelu_new")),
        true);
  }

  private static Map<String, String> sources(TensorPlan plan, String root, CausalSpec spec) {
    Map<String, String> map = new HashMap<>();
    String embedding = root + "wte.weight";
    map.put("embed.weight", embedding);
    map.put("embed.positions.weight", root + "wpe.weight");
    map.put(
        "head.weight",
        spec.head().tied() ? plan.alias(embedding, "lm_head.weight") : "lm_head.weight");
    pair(map, "norm", root + "ln_f");
    for (int n = 0; n < spec.layers(); n++) {
      String from = root + "h." + n + ".";
      String to = "layers." + n + ".";
      // Masks that early releases saved; every release computes them.
      plan.ignore(from + "attn.bias");
      plan.ignore(from + "attn.masked_bias");
      pair(map, to + "self.norm", from + "ln_1");
      pair(map, to + "mlp.norm", from + "ln_2");
      map.put(to + "self.o.bias", from + "attn.c_proj.bias");
      map.put(to + "mlp.up.bias", from + "mlp.c_fc.bias");
      map.put(to + "mlp.down.bias", from + "mlp.c_proj.bias");
    }
    return map;
  }

  private static void pair(Map<String, String> map, String to, String from) {
    map.put(to + ".weight", from + ".weight");
    map.put(to + ".bias", from + ".bias");
  }

  /** All linear weights as {@code [out, in]}, and q, k and v apart. */
  private Map<String, PlannedTensor> turned(TensorPlan plan, String root, int layers) {
    Map<String, PlannedTensor> map = new HashMap<>();
    String[] parts = {"q", "k", "v"};
    long all = Math.multiplyExact(3, width);
    for (int n = 0; n < layers; n++) {
      String from = root + "h." + n + ".";
      String to = "layers." + n + ".";
      Supplier<TensorData> weight = plan.plan(from + "attn.c_attn.weight", shape(width, all));
      Supplier<TensorData> bias = plan.plan(from + "attn.c_attn.bias", List.of(all));
      for (int part = 0; part < parts.length; part++) {
        String name = to + "self." + parts[part];
        long first = (long) part * width;
        put(
            map,
            new CanonicalTensors.Tensor(name + ".weight", shape(width, width)),
            arena -> Conv1d.turned(weight.get(), first, width, arena));
        put(
            map,
            new CanonicalTensors.Tensor(name + ".bias", List.of((long) width)),
            _ -> Conv1d.run(bias.get(), first, width));
      }
      turned(map, plan, to + "self.o.weight", from + "attn.c_proj.weight", shape(width, width));
      turned(map, plan, to + "mlp.up.weight", from + "mlp.c_fc.weight", shape(inner, width));
      turned(map, plan, to + "mlp.down.weight", from + "mlp.c_proj.weight", shape(width, inner));
    }
    return map;
  }

  private static void turned(
      Map<String, PlannedTensor> map, TensorPlan plan, String to, String from, List<Long> shape) {
    Supplier<TensorData> saved = plan.plan(from, shape.reversed());
    long out = shape.getFirst();
    put(
        map,
        new CanonicalTensors.Tensor(to, shape),
        arena -> Conv1d.turned(saved.get(), 0, out, arena));
  }

  private static void put(
      Map<String, PlannedTensor> map,
      CanonicalTensors.Tensor tensor,
      Function<Arena, TensorData> source) {
    map.put(tensor.name(), new PlannedTensor(tensor, source));
  }

  private static List<Long> shape(long rows, long columns) {
    return List.of(rows, columns);
  }
}
