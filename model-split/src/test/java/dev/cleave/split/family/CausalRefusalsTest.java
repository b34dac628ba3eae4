package dev.cleave.split.family;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.util.RawValue;
import dev.cleave.split.CausalCheckpoints;
import dev.cleave.split.TinyCheckpoint;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.FolderCheckpoint;
import dev.cleave.split.error.CheckpointRefused;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What of a decoder-only checkpoint is outside of the description is refused by name. */
class CausalRefusalsTest {
  @TempDir Path folder;

  private TinyCheckpoint tiny(String family) {
    return CausalCheckpoints.of(family, folder.resolve("model"));
  }

  private static void refuses(TinyCheckpoint checkpoint, String... reasons) {
    Path path = checkpoint.write();
    var refusal =
        assertThatThrownBy(
                () -> {
                  try (FolderCheckpoint opened = FolderCheckpoint.open(path);
                      Arena arena = Arena.ofConfined()) {
                    Families.understand(opened, arena);
                  }
                })
            .isInstanceOf(CheckpointRefused.class);
    for (String reason : reasons) {
      refusal.hasMessageContaining(reason);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mistral | sliding_window           | 4096                  | sliding_window: 4096",
        "llama   | sliding_window           | 4096                  | sliding_window: 4096",
        "qwen2   | use_sliding_window       | true                  | -",
        "qwen3   | layer_types | [\"full_attention\",\"sliding_attention\"] | sliding_attention",
        "llama   | layer_types              | [\"linear_attention\"] | linear_attention",
        "llama   | rope_parameters | {\"rope_type\":\"yarn\",\"factor\":4.0} | yarn",
        "llama   | rope_parameters | {\"rope_type\":\"dynamic\",\"factor\":4.0} | dynamic",
        "llama   | rope_parameters | {\"rope_type\":\"longrope\"}      | longrope",
        "llama   | rope_parameters | {\"rope_type\":\"proportional\"}  | proportional",
        "llama   | rope_parameters | {\"rope_type\":\"linear\"}        | factor: missing",
        "llama   | rope_parameters | {\"rope_type\":\"linear\",\"factor\":0.5} | at least 1",
        "llama   | rope_parameters | {\"rope_type\":\"llama3\",\"factor\":8} | low_freq_factor: missing",
        "qwen2   | rope_parameters | {\"type\":\"mrope\",\"mrope_section\":[1]} | mrope",
        "qwen2   | rope_parameters | {\"rope_type\":\"default\",\"mrope_section\":[1]} | mrope_section",
        "llama   | rope_parameters | {\"full_attention\":{\"rope_type\":\"default\"}} | full_attention",
        "llama   | rope_parameters | {\"rope_theta\":10000.0,\"partial_rotary_factor\":0.5} | 0.5",
        "llama   | rope_parameters          | 3                     | must be an object",
        "llama   | partial_rotary_factor    | 0.25                  | partial_rotary_factor: 0.25",
        "llama   | rope_theta               | 500000.0              | contradicts",
        "llama   | rope_scaling | {\"type\":\"linear\",\"factor\":2.0} | beside rope_parameters",
        "llama   | num_local_experts        | 8                     | num_local_experts 8",
        "qwen3   | num_experts              | 128                   | num_experts 128",
        "llama   | kv_lora_rank             | 16                    | kv_lora_rank 16",
        "llama   | mamba_d_ssm              | 64                    | mamba_d_ssm 64",
        "llama   | no_rope_layers           | [1,1,0]               | no_rope_layers [1,1,0]",
        "llama   | hidden_size_per_layer_input | 16                 | cannot be split privately",
        "llama   | final_logit_softcapping  | 30.0                  | final_logit_softcapping 30.0",
        "llama   | attn_logit_softcapping   | 50.0                  | attn_logit_softcapping 50.0",
        "llama   | logits_scaling           | 8.0                   | logits_scaling 8.0",
        "llama   | embedding_multiplier     | 12.0                  | embedding_multiplier 12.0",
        "llama   | residual_multiplier      | 0.22                  | residual_multiplier 0.22",
        "llama   | attention_multiplier     | 0.0078                | attention_multiplier 0.0078",
        "llama   | clip_qkv                 | 8                     | clip_qkv 8",
        "llama   | quantization_config      | {\"bits\":4}          | quantised checkpoints",
        "llama   | is_encoder_decoder       | true                  | is_encoder_decoder: true",
        "llama   | is_causal                | false                 | is_causal: false",
        "llama   | architectures            | [\"LlamaModel\"]      | LlamaForCausalLM is split",
        "gpt2    | architectures | [\"GPT2ForSequenceClassification\"] | GPT2LMHeadModel is split",
        "llama   | hidden_act               | \"mish\"              | activation mish",
        "llama   | num_key_value_heads      | 3                     | kvHeads must divide heads",
        "llama   | num_hidden_layers        | 2                     | left over",
        "llama   | num_hidden_layers        | 4                     | model.layers.3",
        "llama   | num_hidden_layers        | 1000000               | layers must be in",
        "llama   | head_dim                 | 8                     | the config calls for [16, 32]",
        "llama   | head_dim                 | 5                     | dimensions must be even",
        "llama   | vocab_size               | 41                    | the config calls for [41, 32]",
        "llama   | hidden_size              | -1                    | must be positive",
        "llama   | rms_norm_eps             | 0                     | epsilon must be in",
        "llama   | attention_bias           | true                  | q_proj.bias",
        "llama   | tie_word_embeddings      | false                 | lm_head.weight: missing",
        "llama   | eos_token_id             | null                  | would never end",
        "llama   | eos_token_id             | 40                    | token id 40",
        "gpt2    | n_head                   | 3                     | does not divide n_embd",
        "gpt2    | n_positions              | 65                    | the config calls for [65, 32]",
        "gpt2    | n_inner                  | 48                    | the config calls for [32, 48]",
        "gpt2    | activation_function      | \"mish\"              | activation mish",
        "gpt2    | add_cross_attention      | true                  | add_cross_attention true",
        "gpt2    | scale_attn_by_inverse_layer_idx | true           | differ in their scale",
        "gpt2    | pruned_heads             | {\"0\":[1]}           | pruned_heads",
      })
  void refusesAConfigThatTheDescriptionCannotSay(
      String family, String key, String value, String reason) {
    TinyCheckpoint checkpoint =
        tiny(family)
            .config(config -> {
              config.putRawValue(key, new RawValue(value));
              if (key.equals("use_sliding_window")) {
                config.put("sliding_window", 32);
              }
            });
    refuses(checkpoint, reason.equals("-") ? "sliding_window: 32" : reason);
  }

  /** A Mistral that says nothing means the window of its first release. */
  @Test
  void refusesAMistralThatIsSilentAboutItsWindow() {
    refuses(tiny("mistral").config(c -> c.remove("sliding_window")), "sliding_window", "4096");
  }

  @Test
  void refusesSilenceAboutGroupsWhereDefaultsDiffer() {
    refuses(
        tiny("qwen3").config(c -> c.remove("num_key_value_heads")), "num_key_value_heads: missing");
  }

  @Test
  void refusesATiedHeadThatDiffers() {
    refuses(tiny("llama").zeros("lm_head.weight", 40, 16), "tensor lm_head.weight", "differs");
  }

  @Test
  void refusesWhatIsLeftOver() {
    refuses(
        tiny("mistral").zeros("model.layers.0.self_attn.q_norm.weight", 4), "q_norm", "left over");
    refuses(
        CausalCheckpoints.of("qwen2", folder.resolve("b"))
            .zeros("model.layers.0.self_attn.o_proj.bias", 16),
        "o_proj.bias",
        "left over");
  }

  @Test
  void refusesAMissingTensor() {
    refuses(
        tiny("qwen3").drop("model.layers.2.self_attn.k_norm.weight"),
        "tensor model.layers.2.self_attn.k_norm.weight",
        "missing");
    refuses(
        CausalCheckpoints.of("gpt2", folder.resolve("b")).drop("transformer.h.1.attn.c_attn.bias"),
        "tensor transformer.h.1.attn.c_attn.bias",
        "missing");
  }

  @Test
  void refusesAnotherShape() {
    refuses(
        tiny("gpt2").zeros("transformer.h.0.mlp.c_fc.weight", 128, 32),
        "has shape [128, 32], the config calls for [32, 128]");
  }

  @Test
  void refusesAnotherElementType() {
    refuses(
        tiny("llama")
            .put("model.norm.weight", DType.F64, List.of(32L), MemorySegment.ofArray(new long[32])),
        "model.norm.weight",
        "F64");
  }
}
