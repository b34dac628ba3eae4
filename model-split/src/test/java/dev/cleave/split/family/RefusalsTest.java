package dev.cleave.split.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.util.RawValue;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.TinyCheckpoint;
import dev.cleave.split.error.CheckpointRefused;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever cannot be split exactly is refused by name, and nothing is left behind. */
class RefusalsTest {
  private static final String T5 = "t5-v1.0-tied-relu";
  private static final String FLAN = "t5-v1.1-untied-gated-gelu";

  @TempDir Path folder;

  private TinyCheckpoint tiny(String fixture) {
    return new TinyCheckpoint(fixture, folder.resolve("model"));
  }

  private void refuses(TinyCheckpoint checkpoint, String... reasons) {
    Path out = folder.resolve("bundle");
    var refusal =
        assertThatThrownBy(() ->
                SplitCompiler.split(
                    checkpoint.write(), out, SplitOptions.defaults(), ProgressListener.NONE))
            .isInstanceOf(CheckpointRefused.class);
    for (String reason : reasons) {
      refusal.hasMessageContaining(reason);
    }
    assertThat(out).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "gemma2, Gemma2ForCausalLM, this decoder-only family is not described yet",
    "granite, GraniteForCausalLM, 'known: llama, mistral, qwen2, qwen3, gpt2'",
    "whisper, WhisperForConditionalGeneration, speech models",
    "mbart, MBartForConditionalGeneration, not described yet",
    "pegasus, PegasusForConditionalGeneration, not described yet",
    "bert, BertModel, not a known family",
    "t5, T5EncoderModel, has no decoder head",
  })
  void refusesOtherModelsByName(String type, String architecture, String reason) {
    TinyCheckpoint checkpoint =
        tiny(T5)
            .config(config -> {
              config.put("model_type", type).put("is_encoder_decoder", type.equals("t5"));
              config.putArray("architectures").add(architecture);
            });
    refuses(checkpoint, type.equals("t5") ? architecture : "model_type " + type, reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "t5-v1.0-tied-relu | feed_forward_proj | \"gelu_sqrt\" | activation gelu_sqrt is not known",
        "t5-v1.0-tied-relu | feed_forward_proj | 7             | must be a string",
        "t5-v1.0-tied-relu | dense_act_fn      | \"gelu\"      | contradicts feed_forward_proj relu",
        "t5-v1.0-tied-relu | is_gated_act      | true          | contradicts feed_forward_proj relu",
        "t5-v1.0-tied-relu | d_model           | 65            | has shape [400, 64]",
        "t5-v1.0-tied-relu | d_model           | null          | d_model: missing",
        "t5-v1.0-tied-relu | num_layers        | 2             | left over",
        "t5-v1.0-tied-relu | num_layers        | 4             | missing from the checkpoint",
        "t5-v1.0-tied-relu | num_layers        | 4096          | layers must be in",
        "t5-v1.0-tied-relu | num_heads         | 0             | must be positive",
        "t5-v1.0-tied-relu | vocab_size        | 401           | the config calls for [401, 64]",
        "t5-v1.0-tied-relu | relative_attention_num_buckets | 30 | multiple of 4",
        "t5-v1.0-tied-relu | layer_norm_epsilon | 0            | epsilon must be in",
        "t5-v1.0-tied-relu | quantization_config | {}          | quantised checkpoints",
        "t5-v1.0-tied-relu | is_encoder_decoder  | false       | is_encoder_decoder",
        "bart   | activation_function | \"mish\"  | activation mish is not known",
        "bart   | normalize_before    | true      | normalize_before",
        "bart   | add_final_layer_norm | true     | add_final_layer_norm",
        "bart   | static_position_embeddings | true | static_position_embeddings",
        "bart   | encoder_attention_heads | 5     | does not divide d_model",
        "bart   | max_position_embeddings | 127   | has shape [130, 64]",
        "marian | decoder_vocab_size  | 421       | separate vocabularies",
        "marian | share_encoder_decoder_embeddings | false | share_encoder_decoder_embeddings",
        "marian | max_position_embeddings | 16000000 | too many",
        "marian | normalize_embedding | true      | normalize_embedding",
      })
  void refusesAConfigThatTheDescriptionCannotSay(
      String fixture, String key, String value, String reason) {
    TinyCheckpoint checkpoint =
        tiny(fixture).config(config -> config.putRawValue(key, new RawValue(value)));
    refuses(checkpoint, reason);
  }

  @Test
  void refusesAMissingTensor() {
    refuses(
        tiny("bart").drop("model.decoder.layers.1.fc2.bias"),
        "tensor model.decoder.layers.1.fc2.bias",
        "missing");
  }

  @Test
  void refusesATensorOfAnotherShape() {
    refuses(
        tiny("bart").zeros("model.encoder.layers.0.fc1.weight", 64, 160),
        "model.encoder.layers.0.fc1.weight",
        "has shape [64, 160], the config calls for [160, 64]");
  }

  @Test
  void refusesATensorThatIsLeftOver() {
    refuses(
        tiny("marian").zeros("model.encoder.layer_norm.weight", 64),
        "tensor model.encoder.layer_norm.weight",
        "left over");
  }

  @Test
  void refusesADuplicateThatDiffers() {
    refuses(
        tiny(T5).zeros("decoder.embed_tokens.weight", 400, 64),
        "tensor decoder.embed_tokens.weight",
        "differs from it");
  }

  @Test
  void refusesAHeadOnWhichReleasesDisagree() {
    refuses(
        tiny(T5)
            .config(config -> {
              config.remove(List.of("scale_decoder_outputs"));
              config.put("transformers_version", "4.23.1");
            })
            .zeros("lm_head.weight", 400, 64),
        "lm_head.weight",
        "releases of transformers disagree");
  }

  @Test
  void refusesAnUntiedModelWithoutAHead() {
    refuses(
        tiny(FLAN)
            .config(config -> {
              config.remove(List.of("scale_decoder_outputs"));
              config.put("transformers_version", "4.23.1").put("tie_word_embeddings", false);
            }),
        "lm_head.weight",
        "missing");
  }

  @Test
  void refusesATokenIdBeyondTheVocabulary() {
    refuses(
        tiny("bart").json("generation_config.json", g -> g.put("decoder_start_token_id", 420)),
        "token id 420");
  }
}
