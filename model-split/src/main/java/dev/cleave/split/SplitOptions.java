package dev.cleave.split;

import dev.cleave.split.hailo.HailoBuckets;
import dev.cleave.split.onnx.DevicePrecision;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What a caller may choose.
 *
 * @param name of the bundle; the checkpoint's own when empty
 * @param replace whether a bundle that stands at the destination is replaced
 * @param limits what the halves are made for
 * @param cut where a decoder-only model is cut and what its device half is; others have no choice
 * @param hailo lengths that the encoder is written for an accelerator for; none when empty
 */
public record SplitOptions(
    Optional<String> name, boolean replace, Limits limits, Cut cut, Optional<HailoBuckets> hailo) {

  /**
   * What the halves are made for.
   *
   * @param maxPromptPositions in tokens, at most the model's own; that or 1024 when empty. Where
   *     the model is decoder-only: the longest context; the model's own or 4096
   * @param maxNewTokens in tokens, at most the model's own; that or 1024 when empty
   */
  public record Limits(OptionalInt maxPromptPositions, OptionalInt maxNewTokens) {
    public Limits {
      Objects.requireNonNull(maxPromptPositions, "maxPromptPositions");
      Objects.requireNonNull(maxNewTokens, "maxNewTokens");
    }
  }

  /**
   * Where a decoder-only model is cut and what its device half is.
   *
   * @param at the layers that run on the device; a decoder-only model needs it, others refuse it
   * @param allowEmbedding whether {@code at} may be 0, where what crosses is a table look-up
   * @param devicePrecision of the device half's linear weights
   */
  public record Cut(OptionalInt at, boolean allowEmbedding, DevicePrecision devicePrecision) {
    public Cut {
      Objects.requireNonNull(at, "at");
      Objects.requireNonNull(devicePrecision, "devicePrecision");
    }
  }

  public SplitOptions {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(limits, "limits");
    Objects.requireNonNull(cut, "cut");
    Objects.requireNonNull(hailo, "hailo");
  }

  /** The checkpoint's name, nothing replaced, the model's own limits within reason, no cut. */
  public static SplitOptions defaults() {
    return new SplitOptions(
        Optional.empty(),
        false,
        new Limits(OptionalInt.empty(), OptionalInt.empty()),
        new Cut(OptionalInt.empty(), false, DevicePrecision.F32),
        Optional.empty());
  }

  /** With another name. */
  public SplitOptions withName(String newName) {
    return new SplitOptions(Optional.of(newName), replace, limits, cut, hailo);
  }

  /** Replacing a bundle that is there, or not. */
  public SplitOptions withReplace(boolean newReplace) {
    return new SplitOptions(name, newReplace, limits, cut, hailo);
  }

  /** With these limits, null for the default; neither may exceed the model's own. */
  public SplitOptions withLimits(@Nullable Integer promptPositions, @Nullable Integer newTokens) {
    return new SplitOptions(
        name, replace, new Limits(optional(promptPositions), optional(newTokens)), cut, hailo);
  }

  /** Cut after so many layers, null for a model that is not decoder-only. */
  public SplitOptions withAt(@Nullable Integer at) {
    return withCut(new Cut(optional(at), cut.allowEmbedding(), cut.devicePrecision()));
  }

  /** With another cut. */
  public SplitOptions withCut(Cut newCut) {
    return new SplitOptions(name, replace, limits, newCut, hailo);
  }

  /** With the encoder for an accelerator at these lengths. */
  public SplitOptions withHailo(HailoBuckets buckets) {
    return new SplitOptions(name, replace, limits, cut, Optional.of(buckets));
  }

  private static OptionalInt optional(@Nullable Integer value) {
    return value == null ? OptionalInt.empty() : OptionalInt.of(value);
  }
}
