package dev.cleave.split.torch;

/** How linear weights and the embedding are held, whatever the checkpoint stores. */
public enum WeightPrecision {
  /** IEEE single. */
  F32(ScriptText.F32, 4),
  /** bfloat16; products are summed in f32. */
  BF16(ScriptText.BF16, 2),
  /** IEEE half, for CUDA; products are summed in f32. */
  F16(ScriptText.F16, 2),
  /**
   * 8-bit integers, for CPUs with VNNI: weights symmetric with a scale for each output, what they
   * are multiplied with symmetric with a scale for each row, so that what a row gives depends on no
   * other row of its step. Sums are exact.
   */
  INT8(ScriptText.F32, 1);

  private final int scalarType;
  private final int bytes;

  WeightPrecision(int scalarType, int bytes) {
    this.scalarType = scalarType;
    this.bytes = bytes;
  }

  /** Bytes of one weight. */
  public int bytes() {
    return bytes;
  }

  /** libtorch's number of the type that linears take. */
  int scalarType() {
    return scalarType;
  }
}
