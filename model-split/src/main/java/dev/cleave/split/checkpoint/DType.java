package dev.cleave.split.checkpoint;

/** The element types of safetensors. Only the first three are weights here. */
public enum DType {
  F32(4),
  F16(2),
  BF16(2),
  F64(8),
  I64(8),
  U64(8),
  I32(4),
  U32(4),
  I16(2),
  U16(2),
  I8(1),
  U8(1),
  BOOL(1),
  F8_E4M3(1),
  F8_E5M2(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes per element. */
  public int bytes() {
    return bytes;
  }

  /** Whether {@link Weights#readF32} takes it: f32, f16, bf16. */
  public boolean isWeight() {
    return this == F32 || this == F16 || this == BF16;
  }
}
