package dev.cleave.split.checkpoint.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.checkpoint.gguf.format.GgufFile;
import dev.cleave.split.checkpoint.gguf.format.GgufMetadata;
import dev.cleave.split.checkpoint.gguf.format.GgufTensor;
import dev.cleave.split.error.CheckpointRefused;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** The hyperparameters of a GGUF file as {@code config.json} of transformers 5. */
final class GgufConfig {
  /** Those that are understood; any other one could change what is computed, and is refused. */
  private static final Set<String> KNOWN =
      Set.of(
          "vocab_size",
          "context_length",
          "embedding_length",
          "block_count",
          "feed_forward_length",
          "tensor_data_layout",
          "expert_count",
          "expert_used_count",
          "attention.causal",
          "attention.head_count",
          "attention.head_count_kv",
          "attention.key_length",
          "attention.value_length",
          "attention.layer_norm_epsilon",
          "attention.layer_norm_rms_epsilon",
          "attention.sliding_window",
          "rope.dimension_count",
          "rope.freq_base",
          "rope.scale_linear",
          "rope.scaling.type",
          "rope.scaling.factor",
          "rope.scaling.finetuned",
          "rope.scaling.original_context_length");

  private static final String META_LAYOUT = "Meta AI original pth";

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final Architecture architecture;
  private final int heads;
  private final int width;
  private final int headDim;

  private GgufConfig(GgufFile file) {
    this.file = file;
    this.metadata = file.metadata();
    this.architecture = Architecture.of(metadata);
    refuseUnknown();
    this.heads = metadata.size(key("attention.head_count"));
    this.width = metadata.size(key("embedding_length"));
    this.headDim = checkedHeadDim();
  }

  /** What a file says of its model. */
  static GgufConfig of(GgufFile file) {
    return new GgufConfig(file);
  }

  Architecture architecture() {
    return architecture;
  }

  int heads() {
    return heads;
  }

  /** Heads of keys and values; as many as of queries where nothing is said. */
  int kvHeads() {
    String key = key("attention.head_count_kv");
    return metadata.has(key) ? metadata.size(key) : heads;
  }

  /** The whole of it. */
  ModelConfig config() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("model_type", architecture.ggufName());
    root.putArray("architectures").add(architecture.hfClass());
    root.put("vocab_size", vocabulary());
    root.put("tie_word_embeddings", !has("output.weight"));
    if (architecture == Architecture.GPT2) {
      gpt2(root);
    } else {
      llama(root);
    }
    OptionalInt window = metadata.integer(key("attention.sliding_window"));
    if (window.isPresent() && window.getAsInt() > 0) {
      root.put("sliding_window", window.getAsInt());
    }
    specialTokens(root);
    return ModelConfig.of(metadata.file(), root);
  }

  private void gpt2(ObjectNode root) {
    root.put("n_embd", width);
    root.put("n_layer", metadata.size(key("block_count")));
    root.put("n_head", heads);
    root.put("n_positions", metadata.size(key("context_length")));
    root.put("n_inner", metadata.size(key("feed_forward_length")));
    root.put("activation_function", "gelu_new");
    root.put("layer_norm_epsilon", required("attention.layer_norm_epsilon"));
    if (headDim * (long) heads != width || kvHeads() != heads) {
      throw refused("attention.head_count", "heads of gpt2 divide the width evenly: " + heads);
    }
  }

  private void llama(ObjectNode root) {
    root.put("hidden_size", width);
    root.put("num_hidden_layers", metadata.size(key("block_count")));
    root.put("num_attention_heads", heads);
    root.put("num_key_value_heads", kvHeads());
    root.put("head_dim", headDim);
    root.put("intermediate_size", metadata.size(key("feed_forward_length")));
    root.put("max_position_embeddings", metadata.size(key("context_length")));
    root.put("hidden_act", "silu");
    root.put("rms_norm_eps", required("attention.layer_norm_rms_epsilon"));
    // Those of qwen2 are not up to the config.
    if (architecture != Architecture.QWEN2) {
      root.put("attention_bias", has("blk.0.attn_q.bias"));
    }
    if (architecture == Architecture.LLAMA) {
      root.put("mlp_bias", has("blk.0.ffn_gate.bias"));
    }
    rope(root.putObject("rope_parameters"));
  }

  private void rope(ObjectNode rope) {
    double theta = metadata.number(key("rope.freq_base")).orElse(10000);
    rope.put("rope_theta", theta);
    String type = metadata.text(key("rope.scaling.type")).orElse("none");
    double factor =
        metadata
            .number(key("rope.scaling.factor"))
            .orElse(metadata.number(key("rope.scale_linear")).orElse(1));
    switch (type) {
      case "none" -> {
        // Before there was a type, the factor alone meant linear.
        boolean linear = !metadata.has(key("rope.scaling.type")) && factor != 1;
        rope.put("rope_type", linear ? "linear" : "default");
        if (linear) {
          rope.put("factor", factor);
        }
      }
      case "linear" -> rope.put("rope_type", "linear").put("factor", factor);
      default -> throw refused("rope.scaling.type", type + " is not read; none and linear are");
    }
    GgufTensor factors = file.tensors().get(RopeFactors.TENSOR);
    if (factors != null) {
      if (!rope.get("rope_type").textValue().equals("default")) {
        throw refused("rope.scaling.type", type + " contradicts tensor " + RopeFactors.TENSOR);
      }
      RopeFactors.describe(file, factors, headDim, rope);
    }
  }

  private void specialTokens(ObjectNode root) {
    token("bos").ifPresent(id -> root.put("bos_token_id", id));
    token("padding").ifPresent(id -> root.put("pad_token_id", id));
    // The end of a turn ends an answer as well; where both are named they often are the same.
    Set<Integer> ends = new TreeSet<>();
    token("eos").ifPresent(ends::add);
    token("eot").ifPresent(ends::add);
    if (ends.size() == 1) {
      root.put("eos_token_id", ends.iterator().next());
    } else if (!ends.isEmpty()) {
      ArrayNode list = root.putArray("eos_token_id");
      ends.forEach(list::add);
    }
  }

  private OptionalInt token(String which) {
    String key = "tokenizer.ggml." + which + "_token_id";
    OptionalInt id = metadata.integer(key);
    if (id.isPresent() && (id.getAsInt() < 0 || id.getAsInt() >= vocabulary())) {
      throw metadata.refused(key, "is no id below " + vocabulary() + ": " + id.getAsInt());
    }
    return id;
  }

  private int vocabulary() {
    GgufTensor embedding = file.tensors().get("token_embd.weight");
    if (embedding == null) {
      throw new CheckpointRefused("tensor token_embd.weight", "missing from " + metadata.file());
    }
    String key = key("vocab_size");
    long rows = embedding.rows();
    if (rows > GgufMetadata.MAX_ELEMENTS
        || (metadata.has(key) && metadata.size(key) != rows)
        || embedding.shape().size() != 2) {
      throw new CheckpointRefused(
          "tensor token_embd.weight",
          "has shape " + embedding.shape() + ", " + key + " is " + metadata.integer(key));
    }
    long tokens = metadata.count(TokenizerJson.TOKENS);
    if (tokens > rows) {
      throw metadata.refused(
          TokenizerJson.TOKENS, tokens + " tokens, but token_embd.weight has " + rows + " rows");
    }
    return (int) rows;
  }

  private int checkedHeadDim() {
    String length = key("attention.key_length");
    if (!metadata.has(length) && width % heads != 0) {
      throw refused("attention.head_count", heads + " heads do not divide " + width);
    }
    int dim = metadata.has(length) ? metadata.size(length) : width / heads;
    for (String other : new String[] {"attention.value_length", "rope.dimension_count"}) {
      int size = metadata.integer(key(other)).orElse(dim);
      if (size != dim) {
        throw refused(other, "must be the size of a head, " + dim + ": " + size);
      }
    }
    return dim;
  }

  private void refuseUnknown() {
    String prefix = architecture.key("");
    for (String key : new TreeSet<>(metadata.keys())) {
      if (key.startsWith(prefix) && !KNOWN.contains(key.substring(prefix.length()))) {
        throw metadata.refused(key, "not known: it could change what the model computes");
      }
    }
    if (metadata.integer(key("expert_count")).orElse(0) != 0) {
      throw refused("expert_count", "mixtures of experts are not described");
    }
    if (!metadata.flag(key("attention.causal")).orElse(true)) {
      throw refused("attention.causal", "false: the model generates no text");
    }
    // Written by the first converter, and true of all files: the order of rows that is undone here.
    String layout = metadata.text(key("tensor_data_layout")).orElse(META_LAYOUT);
    if (!layout.equals(META_LAYOUT)) {
      throw refused("tensor_data_layout", layout + " is not known");
    }
    String type = metadata.text("general.type").orElse("model");
    if (!type.equals("model")) {
      throw metadata.refused("general.type", type + " is no whole model");
    }
    if (metadata.integer("split.count").orElse(1) > 1) {
      throw metadata.refused("split.count", "merge the parts with gguf-split first");
    }
    if (metadata.integer("general.quantization_version").orElse(2) != 2) {
      throw metadata.refused("general.quantization_version", "only 2 is read");
    }
  }

  private double required(String name) {
    return metadata.number(key(name)).orElseThrow(() -> refused(name, "missing"));
  }

  private boolean has(String tensor) {
    return file.tensors().containsKey(tensor);
  }

  private String key(String name) {
    return architecture.key(name);
  }

  private CheckpointRefused refused(String name, String reason) {
    return metadata.refused(key(name), reason);
  }
}
