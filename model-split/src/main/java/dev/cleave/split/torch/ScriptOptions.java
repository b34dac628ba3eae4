package dev.cleave.split.torch;

import java.util.Objects;

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

  private static final boolean X86 = System.getProperty("os.arch", "").matches("amd64|x86_64");

  public ScriptOptions {
    if (!device.matches("cpu|cuda:[0-9]{1,3}")) {
      throw new IllegalArgumentException("device must be cpu or cuda:N: " + device);
    }
    Objects.requireNonNull(precision, "precision");
    requirePositive("slots", slots);
    requirePositive("maxSource", maxSource);
    requirePositive("maxNewTokens", maxNewTokens);
  }

  /**
   * Whether weights are reordered once by oneDNN. On x86, for a T5 of 6 layers and width 512 in f32
   * on one thread, that took a step of 1, 8, 16 rows from 8.9, 16.0, 23.8 ms to 7.5, 10.5, 17.5 ms;
   * on other processors it was not measured.
   */
  boolean oneDnn() {
    return device.equals("cpu") && X86;
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be positive: " + value);
    }
  }
}
