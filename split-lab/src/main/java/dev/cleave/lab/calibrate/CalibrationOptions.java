package dev.cleave.lab.calibrate;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a caller may choose. Immutable.
 *
 * @param text one text a line, or .jsonl with {@code note} and, where there is one, {@code answer};
 *     {@code device/calibration.jsonl} of the bundle when empty; where that is not there either, a
 *     model that is cut between two layers writes text itself
 * @param maxTokens of text that is read, those held out included; all of it when 0, or 24,000 where
 *     the model writes it
 * @param seed of the draws for gradients and of the model's own text; the same text, seed and
 *     release give the same profile
 */
public record CalibrationOptions(Optional<Path> text, long maxTokens, long seed) {
  public CalibrationOptions {
    if (maxTokens < 0) {
      throw new IllegalArgumentException("tokens must not be negative, were " + maxTokens);
    }
  }

  /** The bundle's own text, all of it. */
  public static CalibrationOptions defaults() {
    return new CalibrationOptions(Optional.empty(), 0, 1);
  }

  /** With this text. */
  public CalibrationOptions withText(Path file) {
    return new CalibrationOptions(Optional.of(file), maxTokens, seed);
  }

  /** With at most so many tokens of text. */
  public CalibrationOptions withMaxTokens(long tokens) {
    return new CalibrationOptions(text, tokens, seed);
  }

  /** With another seed. */
  public CalibrationOptions withSeed(long other) {
    return new CalibrationOptions(text, maxTokens, other);
  }
}
