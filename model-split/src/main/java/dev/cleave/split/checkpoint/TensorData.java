package dev.cleave.split.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * A tensor to be written: where its bytes lie, and what they are.
 *
 * @param name as it will stand in the file
 * @param dtype element type
 * @param shape sizes, outermost first
 * @param bytes little-endian, row-major; borrowed from whoever mapped or allocated it
 */
public record TensorData(String name, DType dtype, List<Long> shape, MemorySegment bytes) {
  public TensorData {
    Objects.requireNonNull(name, "name");
    shape = List.copyOf(shape);
    long expected = shape.stream().reduce((long) dtype.bytes(), Math::multiplyExact);
    if (bytes.byteSize() != expected) {
      throw new IllegalArgumentException(
          name
              + " "
              + dtype
              + " "
              + shape
              + " must be "
              + expected
              + " bytes: "
              + bytes.byteSize());
    }
  }

  /** The same bytes under another name, and in another shape of as many elements. */
  public TensorData as(String newName, List<Long> newShape) {
    return new TensorData(newName, dtype, newShape, bytes);
  }
}
