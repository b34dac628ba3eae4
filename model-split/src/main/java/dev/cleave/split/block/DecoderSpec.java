package dev.cleave.split.block;

import java.util.Objects;

/**
 * All that the server half needs to know beside its weights; {@code server/decoder.json} is its
 * JSON form ({@link DecoderJson}), {@link CanonicalTensors#ofDecoder} its list of tensors.
 *
 * @param architecture the family, for people
 * @param stack embedding, blocks, final norm
 * @param head from the last block to logits
 * @param decoding the ids that steer decoding, all below the vocabulary's size
 */
public record DecoderSpec(
    String architecture, StackSpec stack, HeadSpec head, DecodingSpec decoding) {
  public DecoderSpec {
    Objects.requireNonNull(architecture, "architecture");
    Objects.requireNonNull(stack, "stack");
    if (stack.layers() < 1) {
      throw new IllegalArgumentException("layers must be in [1, 1024]: " + stack.layers());
    }
    if (head.tied() && head.vocabulary() != stack.embedding().vocabulary()) {
      throw new IllegalArgumentException(
          "a tied head must have the embedding's vocabulary "
              + stack.embedding().vocabulary()
              + ": "
              + head.vocabulary());
    }
    decoding.checkBelow(Math.min(head.vocabulary(), stack.embedding().vocabulary()));
  }
}
