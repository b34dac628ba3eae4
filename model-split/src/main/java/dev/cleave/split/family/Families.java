package dev.cleave.split.family;

import dev.cleave.split.checkpoint.Checkpoint;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.error.CheckpointRefused;
import java.lang.foreign.Arena;
import java.util.List;

/** Picks the family of a checkpoint by its {@code model_type} and refuses all others by name. */
public final class Families {
  private static final String CAUSAL = "llama, mistral, qwen2, qwen3, gpt2";

  private Families() {}

  /**
   * Understands a checkpoint.
   *
   * @param checkpoint its weights are opened once the config was found to be of a known family
   * @param arena owns tensors that are computed rather than read
   * @throws CheckpointRefused when the description cannot say what the config asks for
   */
  public static FamilyModel understand(Checkpoint checkpoint, Arena arena) {
    ModelConfig config = checkpoint.config();
    String type = familyOf(config);
    GenerationReader reader = new GenerationReader(config, checkpoint.generation());
    try {
      TensorPlan plan = new TensorPlan(checkpoint.weights());
      return switch (type) {
        case "t5", "mt5" -> new T5Family(config, reader).understand(plan);
        case "bart", "marian" -> new BartFamily(config, reader, arena).understand(plan);
        case "gpt2" -> new Gpt2Family(config, reader).understand(plan);
        case "llama", "mistral", "qwen2", "qwen3" ->
            new LlamaFamily(config, reader).understand(plan);
        default -> throw new IllegalStateException(type);
      };
    } catch (IllegalArgumentException e) {
      // The description refuses values out of its range; here they all come from the config.
      throw new CheckpointRefused("config.json", String.valueOf(e.getMessage()));
    }
  }

  private static String familyOf(ModelConfig config) {
    String type =
        config
            .text("model_type")
            .orElseThrow(() ->
                new CheckpointRefused(
                    config.subject("model_type"), "missing: the family cannot be told"));
    checkQuantisation(config);
    switch (type) {
      case "t5", "mt5", "bart", "marian" -> checkSeq2Seq(config, type);
      case "llama", "mistral", "qwen2", "qwen3", "gpt2" -> checkCausal(config, type);
      case "whisper" ->
          throw refuse(type, "speech models are not split yet: the description has no convolution");
      case "mbart",
          "pegasus",
          "m2m_100",
          "nllb_moe",
          "led",
          "longt5",
          "umt5",
          "blenderbot",
          "switch_transformers",
          "prophetnet",
          "bigbird_pegasus",
          "plbart",
          "fsmt",
          "t5gemma" ->
          throw refuse(type, "this encoder-decoder family is not described yet");
      default ->
          throw refuse(
              type,
              UndescribedKeys.first(config)
                  .orElse(
                      config.flag("is_encoder_decoder").orElse(false)
                          ? "this encoder-decoder family is not described yet"
                          : isCausal(config.texts("architectures"))
                              ? "this decoder-only family is not described yet; known: " + CAUSAL
                              : "not a known family; known: t5, mt5, bart, marian, " + CAUSAL));
    }
    return type;
  }

  private static void checkSeq2Seq(ModelConfig config, String type) {
    if (!config.flag("is_encoder_decoder").orElse(true)) {
      throw new CheckpointRefused(
          config.subject("is_encoder_decoder"), "false: half of an encoder-decoder is not split");
    }
    String expected =
        switch (type) {
          case "t5" -> "T5ForConditionalGeneration";
          case "mt5" -> "MT5ForConditionalGeneration";
          case "bart" -> "BartForConditionalGeneration";
          default -> "MarianMTModel";
        };
    List<String> architectures = config.texts("architectures");
    boolean known =
        architectures.isEmpty()
            || architectures.contains(expected)
            // Early T5 checkpoints carry the class name of that time.
            || (type.equals("t5") && architectures.contains("T5WithLMHeadModel"));
    if (!known) {
      throw new CheckpointRefused(
          config.subject("architectures"),
          String.join(", ", architectures) + " has no decoder head; " + expected + " is split");
    }
  }

  private static void checkCausal(ModelConfig config, String type) {
    if (config.flag("is_encoder_decoder").orElse(false)) {
      throw new CheckpointRefused(
          config.subject("is_encoder_decoder"), "true: " + type + " is a decoder alone");
    }
    String expected =
        switch (type) {
          case "llama" -> "LlamaForCausalLM";
          case "mistral" -> "MistralForCausalLM";
          case "qwen2" -> "Qwen2ForCausalLM";
          case "qwen3" -> "Qwen3ForCausalLM";
          default -> "GPT2LMHeadModel";
        };
    List<String> architectures = config.texts("architectures");
    if (!architectures.isEmpty() && !architectures.contains(expected)) {
      throw new CheckpointRefused(
          config.subject("architectures"),
          String.join(", ", architectures) + " gives no text; " + expected + " is split");
    }
    UndescribedKeys.check(config);
  }

  private static void checkQuantisation(ModelConfig config) {
    if (config.has("quantization_config")) {
      throw new CheckpointRefused(
          config.subject("quantization_config"),
          "quantised checkpoints are not read; use f32, f16 or bf16");
    }
  }

  private static boolean isCausal(List<String> architectures) {
    return architectures.stream()
        .anyMatch(name -> name.endsWith("ForCausalLM") || name.endsWith("LMHeadModel"));
  }

  private static CheckpointRefused refuse(String type, String reason) {
    return new CheckpointRefused("model_type " + type, reason);
  }
}
