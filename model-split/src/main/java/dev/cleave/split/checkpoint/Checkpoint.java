package dev.cleave.split.checkpoint;

import java.util.Optional;

/**
 * An open checkpoint in the terms of a Hugging Face one, whatever file it lies in. Confined to one
 * thread; whoever opened it closes it, and with it all memory that came out of it.
 */
public interface Checkpoint extends AutoCloseable {
  /** What a bundle made of it is called unless somebody says otherwise. */
  String name();

  /** {@code config.json}. */
  ModelConfig config();

  /** {@code generation_config.json}, where there is one. */
  Optional<ModelConfig> generation();

  /** The tensors by their Hugging Face names, opened at the first call; closed with this. */
  Weights weights();

  /** {@code tokenizer.json}; the refusal names the file when there is none. */
  byte[] tokenizer();

  /**
   * How a conversation becomes a prompt, where the checkpoint says: a Jinja template and the texts
   * of the special tokens that it may name.
   */
  Optional<ChatTemplate> chatTemplate();

  /** {@code calibration.jsonl}, where there is one; at most 16 MiB. */
  Optional<byte[]> calibration();

  /**
   * A chat template.
   *
   * @param jinja its source
   * @param bosToken text of {@code bos_token}; empty where there is none
   * @param eosToken text of {@code eos_token}; empty where there is none
   */
  record ChatTemplate(String jinja, String bosToken, String eosToken) {}

  @Override
  void close();
}
