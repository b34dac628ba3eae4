package dev.cleave.split.family;

import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.CheckpointRefused;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Picks the family of a checkpoint by its {@code model_type} and refuses all others by name. */
public final class Families {
  private Families() {}

  /**
   * Understands a checkpoint.
   *
   * @param folder a Hugging Face checkpoint
   * @param weights opened once the config was found to be of a known family; the caller closes them
   * @param arena owns tensors that are computed rather than read
   * @throws CheckpointRefused when the description cannot say what the config asks for
   */
  public static FamilyModel understand(Path folder, Supplier<Weights> weights, Arena arena) {
    ModelConfig config = ModelConfig.read(folder.resolve("config.json"));
    String type = seq2seqType(config);
    Path generationPath = folder.resolve("generation_config.json");
    Optional<ModelConfig> generation =
        Files.isRegularFile(generationPath)
            ? Optional.of(ModelConfig.read(generationPath))
            : Optional.empty();
    GenerationReader reader = new GenerationReader(config, generation);
    try {
      return switch (type) {
        case "t5", "mt5" -> new T5Family(config, reader).understand(new TensorPlan(weights.get()));
        case "bart", "marian" ->
            new BartFamily(config, reader, arena).understand(new TensorPlan(weights.get()));
        default -> throw new IllegalStateException(type);
      };
    } catch (IllegalArgumentException e) {
      // The description refuses values out of its range; here they all come from the config.
      throw new CheckpointRefused("config.json", String.valueOf(e.getMessage()));
    }
  }

  private static String seq2seqType(ModelConfig config) {
    String type =
        config
            .text("model_type")
            .orElseThrow(() ->
                new CheckpointRefused(
                    config.subject("model_type"), "missing: the family cannot be told"));
    checkQuantisation(config);
    List<String> architectures = config.texts("architectures");
    switch (type) {
      case "t5", "mt5", "bart", "marian" -> {}
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
              why(config)
                  .orElse(
                      config.flag("is_encoder_decoder").orElse(false)
                          ? "this encoder-decoder family is not described yet"
                          : isCausal(architectures)
                              ? "causal models are not split yet"
                              : "not a known family; known: t5, mt5, bart, marian"));
    }
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
    return type;
  }

  private static void checkQuantisation(ModelConfig config) {
    if (config.has("quantization_config")) {
      throw new CheckpointRefused(
          config.subject("quantization_config"),
          "quantised checkpoints are not read; use f32, f16 or bf16");
    }
  }

  /** What of a config lies outside of the description altogether, named for the person. */
  private static Optional<String> why(ModelConfig config) {
    if (config.has("hidden_size_per_layer_input") || config.has("vocab_size_per_layer_input")) {
      return Optional.of(
          "hidden_size_per_layer_input: per-layer embeddings need token ids in every layer, so the"
              + " model cannot be split privately");
    }
    for (String key : List.of("num_local_experts", "n_routed_experts", "num_experts")) {
      if (config.has(key)) {
        return Optional.of(key + ": mixtures of experts are not described");
      }
    }
    if (config.has("kv_lora_rank")) {
      return Optional.of("kv_lora_rank: latent attention is not described");
    }
    if (config.has("mamba_d_ssm") || config.has("mamba_n_heads") || config.has("state_size")) {
      return Optional.of("mamba_d_ssm: state-space layers are not described");
    }
    if (config.has("no_rope_layers")) {
      return Optional.of("no_rope_layers: layers that differ in their positions are not described");
    }
    return Optional.empty();
  }

  private static boolean isCausal(List<String> architectures) {
    return architectures.stream()
        .anyMatch(name -> name.endsWith("ForCausalLM") || name.endsWith("LMHeadModel"));
  }

  private static CheckpointRefused refuse(String type, String reason) {
    return new CheckpointRefused("model_type " + type, reason);
  }
}
