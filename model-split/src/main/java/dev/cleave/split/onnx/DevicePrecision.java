package dev.cleave.split.onnx;

/** What the linear weights of a causal device half are stored as; everything else stays f32. */
public enum DevicePrecision {
  /** As they are, widened to f32. */
  F32,
  /** 8-bit blocks with scales, weights only. */
  INT8,
  /** 4-bit blocks with scales, weights only. */
  INT4
}
