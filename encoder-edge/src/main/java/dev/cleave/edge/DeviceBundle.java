package dev.cleave.edge;

import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.engine.EncoderShape;
import java.util.Set;

/**
 * What the client needs to know of a bundle's device half.
 *
 * @param bundleId sha-256 of the bundle, hex
 * @param shape of the boundary tensor, and the longest prompt or context
 * @param tokens what ids there are
 * @param answer lengths of answers, in tokens
 * @param codec how the boundary tensor can be coded
 */
record DeviceBundle(
    String bundleId, EncoderShape shape, Tokens tokens, AnswerLimits answer, DeviceCodec codec) {

  /**
   * What ids there are.
   *
   * @param vocabulary every id is below this; the model's, which may exceed the tokenizer's
   * @param skip ids that have no text
   * @param end ids that end an answer
   */
  record Tokens(int vocabulary, Set<Integer> skip, Set<Integer> end) {
    Tokens {
      skip = Set.copyOf(skip);
      end = Set.copyOf(end);
    }
  }

  /**
   * Lengths of answers, in tokens.
   *
   * @param usual where the caller does not say
   * @param most what the bundle allows
   */
  record AnswerLimits(int usual, int most) {}
}
