package dev.cleave.split.family;

import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** GPT-2's linears, saved as {@code [in, out]}. Stateless. */
final class Conv1d {
  /** Elements on a side of what is turned at once, so that both sides stay in the cache. */
  private static final int TILE = 64;

  private Conv1d() {}

  /** The matrix turned, in memory of the arena's; its element type and name are kept. */
  static TensorData turned(TensorData matrix, Arena arena) {
    long rows = matrix.shape().get(0);
    long columns = matrix.shape().get(1);
    MemorySegment from = matrix.bytes();
    MemorySegment to = arena.allocate(from.byteSize(), 64);
    boolean wide = matrix.dtype().bytes() == Integer.BYTES;
    for (long row = 0; row < rows; row += TILE) {
      for (long column = 0; column < columns; column += TILE) {
        for (long r = row; r < Math.min(rows, row + TILE); r++) {
          for (long c = column; c < Math.min(columns, column + TILE); c++) {
            long source = r * columns + c;
            long target = c * rows + r;
            if (wide) {
              to.set(
                  ValueLayout.JAVA_INT_UNALIGNED,
                  target * Integer.BYTES,
                  from.get(ValueLayout.JAVA_INT_UNALIGNED, source * Integer.BYTES));
            } else {
              to.set(
                  ValueLayout.JAVA_SHORT_UNALIGNED,
                  target * Short.BYTES,
                  from.get(ValueLayout.JAVA_SHORT_UNALIGNED, source * Short.BYTES));
            }
          }
        }
      }
    }
    return new TensorData(matrix.name(), matrix.dtype(), List.of(columns, rows), to);
  }

  /** A run of rows, or of elements of a vector; shares the memory. */
  static TensorData rows(TensorData tensor, long first, long count) {
    long row = tensor.bytes().byteSize() / tensor.shape().getFirst();
    List<Long> shape = new ArrayList<>(tensor.shape());
    shape.set(0, count);
    return new TensorData(
        tensor.name(), tensor.dtype(), shape, tensor.bytes().asSlice(first * row, count * row));
  }
}
