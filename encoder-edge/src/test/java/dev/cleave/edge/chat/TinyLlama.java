package dev.cleave.edge.chat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A decoder-only checkpoint of two layers with weights drawn from a seed, cut after the first. */
public final class TinyLlama {
  /** {@code <s>role\ntext</s>\n}, with the tokenizer of a fixture that has these tokens. */
  public static final String TEMPLATE =
      "{% for m in messages %}{{ '<s>' + m.role + '\\n' + m.content + '</s>\\n' }}{% endfor %}"
          + "{% if add_generation_prompt %}{{ '<s>assistant\\n' }}{% endif %}";

  private static final int WIDTH = 64;
  private static final int KV = 32;
  private static final int INNER = 96;
  private static final int VOCABULARY = 420;

  private TinyLlama() {}

  /** Writes and splits it; null for a model without a template. */
  public static Path split(Path folder, @Nullable String template) throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    Files.writeString(
        model.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
         "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 16, "hidden_act": "silu", "rms_norm_eps": 1e-5,
         "max_position_embeddings": 256, "rope_theta": 10000.0, "vocab_size": 420,
         "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
        """);
    Files.copy(Fixtures.file("bart", "tokenizer.json"), model.resolve("tokenizer.json"));
    Files.writeString(
        model.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}");
    if (template != null) {
      Files.writeString(model.resolve("chat_template.jinja"), template);
    }
    Files.write(model.resolve("model.safetensors"), weights());
    Path bundle = folder.resolve("bundle");
    SplitCompiler.split(model, bundle, SplitOptions.defaults().withAt(1), ProgressListener.NONE);
    return bundle;
  }

  private static byte[] weights() throws IOException {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {VOCABULARY, WIDTH});
    for (int layer = 0; layer < 2; layer++) {
      String of = "model.layers." + layer + ".";
      shapes.put(of + "input_layernorm.weight", new int[] {WIDTH});
      shapes.put(of + "self_attn.q_proj.weight", new int[] {WIDTH, WIDTH});
      shapes.put(of + "self_attn.k_proj.weight", new int[] {KV, WIDTH});
      shapes.put(of + "self_attn.v_proj.weight", new int[] {KV, WIDTH});
      shapes.put(of + "self_attn.o_proj.weight", new int[] {WIDTH, WIDTH});
      shapes.put(of + "post_attention_layernorm.weight", new int[] {WIDTH});
      shapes.put(of + "mlp.gate_proj.weight", new int[] {INNER, WIDTH});
      shapes.put(of + "mlp.up_proj.weight", new int[] {INNER, WIDTH});
      shapes.put(of + "mlp.down_proj.weight", new int[] {WIDTH, INNER});
    }
    shapes.put("model.norm.weight", new int[] {WIDTH});
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode header = mapper.createObjectNode();
    int bytes = 0;
    for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
      ObjectNode node = header.putObject(tensor.getKey()).put("dtype", "F32");
      int size = Float.BYTES;
      for (int extent : tensor.getValue()) {
        node.withArray("shape").add(extent);
        size *= extent;
      }
      node.putArray("data_offsets").add(bytes).add(bytes + size);
      bytes += size;
    }
    byte[] json = mapper.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + json.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json);
    Random random = new Random(5);
    while (file.hasRemaining()) {
      file.putFloat((float) (0.1 * random.nextGaussian()));
    }
    return file.array();
  }
}
