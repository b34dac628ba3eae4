package dev.cleave.split.block;

/**
 * From the decoder's output to logits: {@code (x * scale) W^T + bias}.
 *
 * @param vocabulary logits per position
 * @param tied whether W is {@code embed.weight}; otherwise it is {@code head.weight}
 * @param scale what the decoder's output is multiplied by; width^-0.5 for T5 v1.0
 * @param bias whether {@code head.bias [vocabulary]} exists
 */
public record HeadSpec(int vocabulary, boolean tied, double scale, boolean bias) {
  public HeadSpec {
    Sizes.atLeastOne("vocabulary", vocabulary);
    if (!(scale > 0) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException("scale must be positive and finite: " + scale);
    }
  }
}
