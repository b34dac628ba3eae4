package dev.cleave.split.block;

/** The bound that every dimension of a description is held to. */
final class Sizes {
  /** No dimension of a model comes near; products of two still fit a long. */
  static final int MAX = 1 << 24;

  private Sizes() {}

  static void atLeastOne(String name, int value) {
    if (value < 1 || value > MAX) {
      throw new IllegalArgumentException(name + " must be in [1, " + MAX + "]: " + value);
    }
  }
}
