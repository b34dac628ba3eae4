package dev.cleave.split;

import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What a caller may choose.
 *
 * @param name of the bundle; the checkpoint folder's name when empty
 * @param replace whether a bundle that stands at the destination is replaced
 * @param maxPromptPositions in tokens, at most the model's own; that or 1024 when empty
 * @param maxNewTokens in tokens, at most the model's own; that or 1024 when empty
 */
public record SplitOptions(
    Optional<String> name,
    boolean replace,
    OptionalInt maxPromptPositions,
    OptionalInt maxNewTokens) {
  /** The folder's name, nothing replaced, the model's own limits up to 1024. */
  public static SplitOptions defaults() {
    return new SplitOptions(Optional.empty(), false, OptionalInt.empty(), OptionalInt.empty());
  }

  /** With another name. */
  public SplitOptions withName(String newName) {
    return new SplitOptions(Optional.of(newName), replace, maxPromptPositions, maxNewTokens);
  }

  /** Replacing a bundle that is there, or not. */
  public SplitOptions withReplace(boolean newReplace) {
    return new SplitOptions(name, newReplace, maxPromptPositions, maxNewTokens);
  }

  /** With these limits, null for the default; neither may exceed the model's own. */
  public SplitOptions withLimits(@Nullable Integer promptPositions, @Nullable Integer newTokens) {
    return new SplitOptions(name, replace, optional(promptPositions), optional(newTokens));
  }

  private static OptionalInt optional(@Nullable Integer value) {
    return value == null ? OptionalInt.empty() : OptionalInt.of(value);
  }
}
