package dev.cleave.split.torch;

/** How linear weights and the embedding are held, whatever the checkpoint stores. */
public enum WeightPrecision {
  /** IEEE single. */
  F32(ScriptText.F32),
  /** bfloat16; products are summed in f32. */
  BF16(ScriptText.BF16),
  /** IEEE half, for CUDA; products are summed in f32. */
  F16(ScriptText.F16);

  private final int scalarType;

  WeightPrecision(int scalarType) {
    this.scalarType = scalarType;
  }

  /** libtorch's number of the type that linears compute in. */
  int scalarType() {
    return scalarType;
  }
}
