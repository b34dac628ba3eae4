package dev.cleave.split.torch;

/** How linear weights and the embedding are held, whatever the checkpoint stores. */
public enum WeightPrecision {
  /** IEEE single. */
  F32,
  /** bfloat16; products are summed in f32. */
  BF16
}
