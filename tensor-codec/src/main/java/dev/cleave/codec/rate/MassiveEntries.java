package dev.cleave.codec.rate;

import dev.cleave.codec.payload.CorruptPayload;
import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.payload.SideWriter;
import java.util.Arrays;

/**
 * Values so far out that they travel as they are, in the order of the elements:
 *
 * <pre>
 *    +-------------------+
 *    | count, varint     |
 *    +-------------+-----+-------+   each:
 *    | gap, varint | value, f32  |   elements since the one before, less 1
 *    +-------------+-------------+
 * </pre>
 *
 * <p>Grows to the frame with the most; confined to one thread.
 */
final class MassiveEntries {
  private int[] elements = new int[0];
  private float[] values = new float[0];
  private int count;
  private int next;

  void clear() {
    count = 0;
    next = 0;
  }

  /** How many there are. */
  int count() {
    return count;
  }

  /** Adds one behind all others. */
  void add(int element, float value) {
    if (count == elements.length) {
      elements = Arrays.copyOf(elements, 2 * count + 8);
      values = Arrays.copyOf(values, 2 * count + 8);
    }
    elements[count] = element;
    values[count] = value;
    count++;
  }

  void write(SideWriter head) {
    head.varint(count);
    int before = -1;
    for (int i = 0; i < count; i++) {
      head.varint(elements[i] - before - 1);
      head.f32(values[i]);
      before = elements[i];
    }
  }

  /**
   * Reads those of a frame.
   *
   * @param most elements of the frame
   */
  void read(SideReader head, long most) {
    clear();
    int from = head.at();
    int announced = head.varint();
    long element = -1;
    for (int i = 0; Integer.compareUnsigned(i, announced) < 0; i++) {
      element += 1 + Integer.toUnsignedLong(head.varint());
      float value = head.f32();
      if (element >= most || !Float.isFinite(value)) {
        throw new CorruptPayload(from, "a massive entry is outside of the frame or not finite");
      }
      add((int) element, value);
    }
  }

  /** Puts those of some rows in their places; rows come in ascending order, from 0 on. */
  void restore(int row, int rows, float[] out, int width) {
    next = row == 0 ? 0 : next;
    int from = row * width;
    while (next < count && elements[next] < from + rows * width) {
      out[elements[next] - from] = values[next];
      next++;
    }
  }
}
