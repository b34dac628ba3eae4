package dev.cleave.split.torch;

/**
 * What a program is written for beside the description: all sizes and the device are literals in
 * its text.
 *
 * @param device libtorch's name: {@code cpu} or {@code cuda:N}
 * @param precision of the linear weights; KV, norms and sums are f32
 * @param slots sessions whose KV is held at once
 * @param maxSource the most prompt positions of a slot
 * @param maxNewTokens the most decoder positions of a slot
 */
public record ScriptOptions(
    String device, WeightPrecision precision, int slots, int maxSource, int maxNewTokens) {

  public ScriptOptions {
    if (precision != WeightPrecision.F32 && precision != WeightPrecision.BF16) {
      throw new IllegalArgumentException(
          "a decoder with cross attention is computed in f32 or bf16, not in " + precision);
    }
    WeightForm.fastest(device, precision);
    requirePositive("slots", slots);
    requirePositive("maxSource", maxSource);
    requirePositive("maxNewTokens", maxNewTokens);
  }

  WeightForm form() {
    return WeightForm.fastest(device, precision);
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be positive: " + value);
    }
  }
}
