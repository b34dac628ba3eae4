package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.checkpoint.gguf.format.GgufMetadata;
import dev.cleave.split.error.CheckpointRefused;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The architectures that are read: values of {@code general.architecture}. */
enum Architecture {
  /** Llama, and everything computed like it: Mistral, SmolLM2, ... */
  LLAMA("llama", "LlamaForCausalLM"),
  QWEN2("qwen2", "Qwen2ForCausalLM"),
  QWEN3("qwen3", "Qwen3ForCausalLM"),
  GPT2("gpt2", "GPT2LMHeadModel");

  private final String ggufName;
  private final String hfClass;

  Architecture(String ggufName, String hfClass) {
    this.ggufName = ggufName;
    this.hfClass = hfClass;
  }

  static Architecture of(GgufMetadata metadata) {
    String key = "general.architecture";
    String name = metadata.text(key).orElseThrow(() -> metadata.refused(key, "missing"));
    for (Architecture architecture : values()) {
      if (architecture.ggufName.equals(name)) {
        return architecture;
      }
    }
    String known =
        Arrays.stream(values()).map(Architecture::ggufName).collect(Collectors.joining(", "));
    throw new CheckpointRefused(
        metadata.file() + " " + key + " " + name, "not read; known: " + known);
  }

  /** As in the file, where it also starts its keys; {@code model_type} of Hugging Face as well. */
  String ggufName() {
    return ggufName;
  }

  /** {@code architectures} of the config. */
  String hfClass() {
    return hfClass;
  }

  /** The full key of a hyperparameter. */
  String key(String name) {
    return ggufName + "." + name;
  }
}
