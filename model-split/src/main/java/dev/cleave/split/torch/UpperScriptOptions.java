package dev.cleave.split.torch;

/**
 * What a program of upper layers is written for beside the description: these are literals in its
 * text.
 *
 * @param device libtorch's name: {@code cpu} or {@code cuda:N}
 * @param precision of the linear weights; KV, norms and sums are f32
 * @param slots sessions whose KV is held at once
 * @param maxPositions the longest a session may become
 */
public record UpperScriptOptions(
    String device, WeightPrecision precision, int slots, int maxPositions) {

  public UpperScriptOptions {
    WeightForm.fastest(device, precision);
    if (slots < 1 || maxPositions < 1) {
      throw new IllegalArgumentException(
          "slots and maxPositions must be positive: %d, %d".formatted(slots, maxPositions));
    }
  }

  WeightForm form() {
    return WeightForm.fastest(device, precision);
  }
}
