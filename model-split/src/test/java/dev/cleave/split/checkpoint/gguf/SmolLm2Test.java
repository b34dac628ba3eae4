package dev.cleave.split.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cleave.split.checkpoint.Checkpoint;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.checkpoint.TensorInfo;
import dev.cleave.split.checkpoint.Weights;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A real model; skipped unless {@code CLEAVE_MODELS} names the folder that it lies in. */
class SmolLm2Test {
  private static final Path FOLDER =
      Path.of(System.getenv().getOrDefault("CLEAVE_MODELS", "absent"), "smollm2-135m-instruct");

  @BeforeAll
  static void needsTheModel() {
    assumeTrue(Files.isDirectory(FOLDER), "CLEAVE_MODELS names no folder of models");
  }

  private static GgufCheckpoint open() {
    return GgufCheckpoint.open(FOLDER.resolve("model-q4_1.gguf"));
  }

  @Test
  void readsTheConfig() {
    try (Checkpoint checkpoint = open()) {
      ModelConfig config = checkpoint.config();
      assertThat(checkpoint.name()).isEqualTo("Smollm2-135M-8k-Lc100K-Mix1-Ep2");
      assertThat(config.text("model_type")).contains("llama");
      assertThat(config.size("hidden_size")).isEqualTo(576);
      assertThat(config.size("num_hidden_layers")).isEqualTo(30);
      assertThat(config.size("num_attention_heads")).isEqualTo(9);
      assertThat(config.size("num_key_value_heads")).isEqualTo(3);
      assertThat(config.size("head_dim")).isEqualTo(64);
      assertThat(config.size("vocab_size")).isEqualTo(49152);
      assertThat(config.number("rms_norm_eps", 0)).isEqualTo(1e-5);
      assertThat(config.flag("tie_word_embeddings")).contains(true);
      assertThat(config.integers("eos_token_id")).containsExactly(2);
    }
  }

  @Test
  void dequantisesWhatTheReferenceEmbeds() {
    try (Checkpoint checkpoint = open();
        Weights expected = Weights.openFile(FOLDER.resolve("expected.safetensors"))) {
      Weights weights = checkpoint.weights();
      assertThat(weights.names()).hasSize(272);
      TensorInfo info = weights.info("model.embed_tokens.weight");
      assertThat(info.dtype()).isEqualTo(DType.F32);
      assertThat(info.shape()).containsExactly(49152L, 576L);
      long[] ids = expected.bytes("prompt0.input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      float[] hidden = expected.floats("prompt0.hidden.0");
      for (int position = 0; position < ids.length; position++) {
        float[] row =
            weights
                .bytes("model.embed_tokens.weight")
                .asSlice(ids[position] * 576 * Float.BYTES, 576 * Float.BYTES)
                .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        for (int i = 0; i < row.length; i++) {
          assertThat(row[i]).isEqualTo(hidden[position * 576 + i]);
        }
      }
    }
  }

  /**
   * Two layers in plain Java on the translated tensors, against what transformers computes from the
   * same file: rows of q and k in the wrong order would show at once.
   */
  @Test
  void computesTheHiddenStatesOfTheReference() {
    try (Checkpoint checkpoint = open();
        Weights expected = Weights.openFile(FOLDER.resolve("expected.safetensors"))) {
      PlainLlama model = new PlainLlama(checkpoint);
      float[] hidden = expected.floats("prompt1.hidden.0");
      for (int layer = 0; layer < 2; layer++) {
        hidden = model.layer(layer, hidden);
        float[] reference = expected.floats("prompt1.hidden." + (layer + 1));
        float largest = 0;
        float difference = 0;
        for (int i = 0; i < hidden.length; i++) {
          largest = Math.max(largest, Math.abs(reference[i]));
          difference = Math.max(difference, Math.abs(reference[i] - hidden[i]));
        }
        // f32 in another order; the tolerance of all parity tests.
        assertThat(difference).as("after layer %d", layer).isLessThanOrEqualTo(2e-4f * largest);
      }
    }
  }
}
