package dev.cleave.split.family;

import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** GPT-2's linears, saved as {@code [in, out]}. Stateless. */
final class Conv1d {
  /** Elements on a side of what is turned at once, so that both sides stay in the cache. */
  private static final int TILE = 64;

  private Conv1d() {}

  /**
   * A run of columns, turned.
   *
   * @param matrix {@code [in, out]} of 2 or 4 bytes an element
   * @param first column
   * @param count of columns
   * @param arena owns the result
   * @return {@code [count, in]}, of the same element type and name
   */
  static TensorData turned(TensorData matrix, long first, long count, Arena arena) {
    long in = matrix.shape().get(0);
    long out = matrix.shape().get(1);
    int bytes = matrix.dtype().bytes();
    MemorySegment from = matrix.bytes();
    MemorySegment to = arena.allocate(Math.multiplyExact(count * in, bytes), 64);
    for (long row = 0; row < in; row += TILE) {
      for (long column = 0; column < count; column += TILE) {
        for (long r = row; r < Math.min(in, row + TILE); r++) {
          for (long c = column; c < Math.min(count, column + TILE); c++) {
            copy(from, (r * out + first + c) * bytes, to, (c * in + r) * bytes, bytes);
          }
        }
      }
    }
    return new TensorData(matrix.name(), matrix.dtype(), List.of(count, in), to);
  }

  private static void copy(MemorySegment from, long source, MemorySegment to, long at, int bytes) {
    if (bytes == Integer.BYTES) {
      int value = from.get(ValueLayout.JAVA_INT_UNALIGNED, source);
      to.set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
    } else {
      short value = from.get(ValueLayout.JAVA_SHORT_UNALIGNED, source);
      to.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, value);
    }
  }

  /** A run of a vector's elements; shares its memory. */
  static TensorData run(TensorData vector, long first, long count) {
    int bytes = vector.dtype().bytes();
    return new TensorData(
        vector.name(),
        vector.dtype(),
        List.of(count),
        vector.bytes().asSlice(first * bytes, count * bytes));
  }
}
