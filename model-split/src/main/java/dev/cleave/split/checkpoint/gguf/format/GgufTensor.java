package dev.cleave.split.checkpoint.gguf.format;

import java.util.List;

/**
 * One checked tensor of a GGUF file.
 *
 * @param name as in the file
 * @param type of the elements
 * @param shape sizes outermost first, the reverse of the file's order
 * @param offset of the first byte from the start of the file
 * @param bytes as many as type and shape call for
 */
public record GgufTensor(String name, GgmlType type, List<Long> shape, long offset, long bytes) {
  public GgufTensor {
    shape = List.copyOf(shape);
  }

  /** The outermost size. */
  public long rows() {
    return shape.getFirst();
  }

  /** Elements of everything but the outermost size. */
  public long rowElements() {
    return shape.stream().skip(1).reduce(1L, Math::multiplyExact);
  }
}
