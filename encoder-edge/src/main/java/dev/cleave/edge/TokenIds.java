package dev.cleave.edge;

import java.lang.foreign.Arena;
import java.nio.LongBuffer;
import java.util.Arrays;

/** A list of token ids that grows. Not printable: ids are as good as the text. Thread-safe. */
final class TokenIds {
  private int[] ids;
  private int size;

  TokenIds() {
    this(new int[0]);
  }

  TokenIds(int[] ids) {
    this.ids = ids.clone();
    this.size = ids.length;
  }

  synchronized void add(int id) {
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, Math.max(16, 2 * size));
    }
    ids[size++] = id;
  }

  synchronized int size() {
    return size;
  }

  synchronized int[] toArray() {
    return Arrays.copyOf(ids, size);
  }

  /** As the encoder takes them: direct, i64, native order, alive as long as the arena. */
  synchronized LongBuffer toBuffer(Arena arena) {
    LongBuffer buffer = Tensors.longs(arena, size);
    for (int i = 0; i < size; i++) {
      buffer.put(i, ids[i]);
    }
    return buffer;
  }
}
