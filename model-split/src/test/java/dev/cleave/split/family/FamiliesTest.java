package dev.cleave.split.family;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.TinyCheckpoint;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The forms in which public checkpoints come, each on a tiny one made to look like it. */
class FamiliesTest {
  private static final String T5 = "t5-v1.0-tied-relu";
  private static final String FLAN = "t5-v1.1-untied-gated-gelu";
  private static final List<String> FIVE =
      List.of("dense_act_fn", "is_gated_act", "scale_decoder_outputs", "dtype");

  @TempDir Path folder;

  private TinyCheckpoint tiny(String fixture) {
    return new TinyCheckpoint(fixture, folder.resolve("model"));
  }

  private DecoderSpec split(TinyCheckpoint checkpoint) {
    Path out = folder.resolve("bundle");
    SplitCompiler.split(
        checkpoint.write(), out, SplitOptions.defaults().withReplace(true), ProgressListener.NONE);
    return DecoderJson.read(Bundle.open(out, Half.SERVER).file("decoder.json"));
  }

  private static Consumer<ObjectNode> four(Consumer<ObjectNode> more) {
    return config -> {
      config.remove(FIVE);
      config.remove("tie_word_embeddings");
      config.put("transformers_version", "4.23.1").put("torch_dtype", "float32");
      more.accept(config);
    };
  }

  @Test
  void readsT5SmallAsTransformersFourWroteIt() {
    DecoderSpec spec =
        split(
            tiny(T5)
                .config(
                    four(config -> {
                      config.remove("feed_forward_proj");
                      config.remove("num_decoder_layers");
                      config.remove("relative_attention_max_distance");
                      config.putArray("architectures").add("T5ForConditionalGeneration");
                      config.put("n_positions", 512).put("output_past", true);
                      config.putObject("task_specific_params");
                    }))
                .without("generation_config.json")
                .copy("shared.weight", "encoder.embed_tokens.weight")
                .copy("shared.weight", "decoder.embed_tokens.weight")
                .copy("shared.weight", "lm_head.weight")
                .zeros(
                    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",
                    32,
                    4));
    assertThat(spec.head().tied()).isTrue();
    assertThat(spec.head().scale()).isEqualTo(0.125);
    assertThat(spec.stack().block().mlp().activation()).isEqualTo(MlpSpec.Activation.RELU);
    assertThat(spec.decoding().startTokenId()).isZero();
    assertThat(spec.decoding().eosTokenIds()).containsExactly(1);
  }

  @Test
  void readsFlanT5AsTransformersFourWroteIt() {
    DecoderSpec spec =
        split(
            tiny(FLAN)
                .config(four(config -> config.put("tie_word_embeddings", false)))
                .copy("shared.weight", "decoder.embed_tokens.weight")
                .zeros("lm_head.weight", 400, 64));
    assertThat(spec.head().tied()).isFalse();
    assertThat(spec.head().scale()).isEqualTo(1);
    assertThat(spec.stack().block().mlp().activation()).isEqualTo(MlpSpec.Activation.GELU_TANH);
    assertThat(spec.stack().block().self().queryWidth()).isEqualTo(72);
  }

  @Test
  void readsAnUntiedHeadThatTransformersFiveCallsTied() {
    DecoderSpec spec = split(tiny(FLAN).zeros("lm_head.weight", 400, 64));
    assertThat(spec.head().tied()).isFalse();
    assertThat(spec.head().scale()).isEqualTo(1);
  }

  @Test
  void readsAHeadThatIsInTheFileAndEqualAsTied() {
    assertThat(split(tiny(T5).copy("shared.weight", "lm_head.weight")).head().tied()).isTrue();
  }

  @Test
  void readsMt5() {
    Consumer<ObjectNode> mt5 =
        config -> {
          config.put("model_type", "mt5").put("tie_word_embeddings", false);
          config.putArray("architectures").add("MT5ForConditionalGeneration");
          config.remove("decoder_start_token_id");
        };
    DecoderSpec spec =
        split(
            tiny(FLAN)
                .config(four(mt5))
                .without("generation_config.json")
                .zeros("lm_head.weight", 400, 64));
    assertThat(spec.architecture()).isEqualTo("mt5");
    assertThat(spec.head().tied()).isFalse();
    assertThat(spec.decoding().startTokenId()).isZero();
  }

  @Test
  void readsBartLargeCnnAsTransformersFourWroteIt() {
    DecoderSpec spec =
        split(
            tiny("bart")
                .config(config -> {
                  config.remove(List.of("dtype", "tie_word_embeddings", "forced_eos_token_id"));
                  config.put("torch_dtype", "float32").put("transformers_version", "4.7.0");
                  config.put("normalize_before", false).put("add_final_layer_norm", false);
                  config.put("normalize_embedding", true).put("add_bias_logits", false);
                  config.put("static_position_embeddings", false).put("prefix", " ");
                  config.put("num_beams", 4).put("min_length", 56).put("max_length", 142);
                  config.put("no_repeat_ngram_size", 3).put("length_penalty", 2.0);
                  config.put("forced_bos_token_id", 0);
                })
                .without("generation_config.json")
                .copy("model.shared.weight", "model.encoder.embed_tokens.weight")
                .copy("model.shared.weight", "model.decoder.embed_tokens.weight")
                .copy("model.shared.weight", "lm_head.weight"));
    assertThat(spec.decoding().forcedBosTokenId()).hasValue(0);
    // The family's default, which a config without the key means.
    assertThat(spec.decoding().forcedEosTokenId()).hasValue(2);
    assertThat(Bundle.readManifest(folder.resolve("bundle")).model().notes())
        .anyMatch(note -> note.contains("num_beams 4: beam search is not done"))
        .anyMatch(note -> note.contains("no_repeat_ngram_size"))
        .anyMatch(note -> note.contains("min_length"));
  }

  @Test
  void readsTheEmbeddingFromWhicheverNameHoldsIt() {
    assertThat(split(tiny("bart").rename("model.shared.weight", "lm_head.weight")).head().tied())
        .isTrue();
    assertThat(split(again("other", T5).rename("shared.weight", "decoder.embed_tokens.weight")))
        .isNotNull();
  }

  private TinyCheckpoint again(String name, String fixture) {
    return new TinyCheckpoint(fixture, folder.resolve(name));
  }

  @Test
  void readsABartWithoutALogitsBias() {
    assertThat(split(tiny("bart").drop("final_logits_bias")).head().bias()).isFalse();
  }

  @Test
  void readsAnUntiedBart() {
    DecoderSpec spec =
        split(
            tiny("bart")
                .config(config -> config.put("tie_word_embeddings", false))
                .zeros("lm_head.weight", 420, 64)
                .zeros("model.encoder.embed_tokens.weight", 420, 64)
                .copy("model.shared.weight", "model.decoder.embed_tokens.weight"));
    assertThat(spec.head().tied()).isFalse();
  }

  @Test
  void readsOpusMtAsTransformersFourWroteIt() {
    DecoderSpec spec =
        split(
            tiny("marian")
                .config(config -> {
                  config.remove(List.of("dtype", "tie_word_embeddings", "decoder_vocab_size"));
                  config.remove("share_encoder_decoder_embeddings");
                  config.put("static_position_embeddings", true).put("num_beams", 6);
                  config.put("normalize_embedding", false).put("normalize_before", false);
                  config.put("add_bias_logits", false).put("forced_eos_token_id", 2);
                  config.putArray("bad_words_ids").addArray().add(1);
                })
                .without("generation_config.json")
                .zeros("model.encoder.embed_positions.weight", 96, 64)
                .zeros("model.decoder.embed_positions.weight", 96, 64));
    assertThat(spec.decoding().suppressedTokenIds()).containsExactly(1);
    assertThat(spec.decoding().forcedEosTokenId()).hasValue(2);
    assertThat(spec.stack().embedding().scale()).isEqualTo(8);
  }

  @Test
  void readsGenerationConfigBeforeConfig() {
    DecoderSpec spec =
        split(
            tiny("bart")
                .config(config -> config.put("forced_eos_token_id", 3))
                .json(
                    "generation_config.json",
                    generation -> {
                      generation.put("decoder_start_token_id", 5);
                      generation.putArray("eos_token_id").add(2).add(7);
                      generation.putArray("suppress_tokens").add(9).add(8);
                    }));
    assertThat(spec.decoding().startTokenId()).isEqualTo(5);
    assertThat(spec.decoding().eosTokenIds()).containsExactly(2, 7);
    assertThat(spec.decoding().forcedEosTokenId()).isEmpty();
    assertThat(spec.decoding().suppressedTokenIds()).containsExactly(8, 9);
  }
}
