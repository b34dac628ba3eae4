package dev.cleave.split.block;

import java.util.Objects;

/**
 * A whole encoder-decoder model.
 *
 * @param architecture the family, for people: "t5", "bart", "marian"
 * @param encoder the device half
 * @param decoder the server half
 * @param head from the decoder's output to logits
 */
public record ModelSpec(String architecture, StackSpec encoder, StackSpec decoder, HeadSpec head) {
  public ModelSpec {
    Objects.requireNonNull(architecture, "architecture");
    if (encoder.block().cross().isPresent()) {
      throw new IllegalArgumentException("an encoder must have no cross attention");
    }
    if (decoder.block().cross().isEmpty()) {
      throw new IllegalArgumentException("a decoder of an encoder must have cross attention");
    }
    if (encoder.width() != decoder.width()) {
      throw new IllegalArgumentException(
          "encoder and decoder must be of one width: "
              + encoder.width()
              + " and "
              + decoder.width());
    }
  }

  /** What the server half is written as. */
  public DecoderSpec decoderSpec(DecodingSpec decoding) {
    return new DecoderSpec(architecture, decoder, head, decoding);
  }
}
