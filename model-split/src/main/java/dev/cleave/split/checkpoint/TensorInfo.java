package dev.cleave.split.checkpoint;

import java.util.List;
import java.util.Objects;

/**
 * What a tensor is; for one of a safetensors file, a checked entry of its header.
 *
 * @param name as in the file
 * @param dtype element type
 * @param shape sizes, outermost first; empty for a scalar
 * @param offset of the first byte from the start of the file that it lies in
 * @param bytes as many as dtype and shape call for
 */
public record TensorInfo(String name, DType dtype, List<Long> shape, long offset, long bytes) {
  public TensorInfo {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(dtype, "dtype");
    shape = List.copyOf(shape);
  }

  /** The product of the sizes. */
  public long elements() {
    return bytes / dtype.bytes();
  }
}
