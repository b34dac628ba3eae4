package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.error.CheckpointRefused;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a tensor of a GGUF file is in the Hugging Face checkpoint that it was made from. The names
 * are those of {@code gguf/tensor_mapping.py}, the layouts those of {@code convert_hf_to_gguf.py}.
 *
 * @param name in the Hugging Face checkpoint
 * @param layout how its elements lie in the GGUF file
 * @param heads of which {@link Layout#ROTARY_PAIRS} has so many; 0 elsewhere
 */
record HfTensor(String name, Layout layout, int heads) {
  /** How the elements lie, against Hugging Face. */
  enum Layout {
    AS_IS,
    /** The rows of each head have been brought into the order of llama.cpp's rotary embedding. */
    ROTARY_PAIRS,
    /** A {@code Conv1D}, which stores [in, out]. */
    TRANSPOSED
  }

  private static final Pattern BLOCK =
      Pattern.compile("blk\\.(0|[1-9][0-9]{0,5})\\.([a-z_]+)\\.(weight|bias)");

  private static final Map<String, String> LLAMA =
      Map.of("token_embd", "embed_tokens", "output_norm", "norm");

  private static final Map<String, String> LLAMA_BLOCK =
      Map.ofEntries(
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));

  private static final Map<String, String> GPT2 =
      Map.of("token_embd", "wte", "position_embd", "wpe", "output_norm", "ln_f");

  private static final Map<String, String> GPT2_BLOCK =
      Map.of(
          "attn_norm", "ln_1",
          "attn_qkv", "attn.c_attn",
          "attn_output", "attn.c_proj",
          "ffn_norm", "ln_2",
          "ffn_up", "mlp.c_fc",
          "ffn_down", "mlp.c_proj");

  /**
   * Translates a name.
   *
   * @param heads of the queries
   * @param kvHeads of keys and values
   * @throws CheckpointRefused when the architecture has no such tensor
   */
  static HfTensor of(Architecture architecture, String gguf, int heads, int kvHeads) {
    if (gguf.equals("output.weight")) {
      return new HfTensor("lm_head.weight", Layout.AS_IS, 0);
    }
    boolean gpt2 = architecture == Architecture.GPT2;
    Matcher block = BLOCK.matcher(gguf);
    if (block.matches()) {
      String part = block.group(2);
      String name = (gpt2 ? GPT2_BLOCK : LLAMA_BLOCK).get(part);
      if (name != null) {
        String prefix = gpt2 ? "transformer.h." : "model.layers.";
        String full = prefix + block.group(1) + "." + name + "." + block.group(3);
        if (gpt2 && name.contains(".c_") && block.group(3).equals("weight")) {
          return new HfTensor(full, Layout.TRANSPOSED, 0);
        }
        if (architecture == Architecture.LLAMA && part.matches("attn_[qk]")) {
          return new HfTensor(full, Layout.ROTARY_PAIRS, part.equals("attn_q") ? heads : kvHeads);
        }
        return new HfTensor(full, Layout.AS_IS, 0);
      }
    } else {
      int dot = gguf.indexOf('.');
      String part = dot < 0 ? gguf : gguf.substring(0, dot);
      String name = (gpt2 ? GPT2 : LLAMA).get(part);
      String kind = gguf.substring(part.length());
      if (name != null && (kind.equals(".weight") || kind.equals(".bias"))) {
        return new HfTensor((gpt2 ? "transformer." : "model.") + name + kind, Layout.AS_IS, 0);
      }
    }
    throw new CheckpointRefused(
        "tensor " + gguf, "is none that architecture " + architecture.ggufName() + " has");
  }
}
