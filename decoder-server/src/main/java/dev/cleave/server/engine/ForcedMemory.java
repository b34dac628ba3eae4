package dev.cleave.server.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Direct memory in which a batch is laid out, and its result; grows to the largest. Confined to one
 * thread at a time.
 */
final class ForcedMemory implements AutoCloseable {
  private static final int HIDDEN = 0;
  private static final int LENGTHS = 1;
  private static final int INPUTS = 2;
  private static final int TARGETS = 3;
  private static final int OUT = 4;

  private final @Nullable Arena[] arenas = new Arena[5];
  private final ByteBuffer[] areas = new ByteBuffer[5];

  ForcedMemory() {
    Arrays.fill(areas, ByteBuffer.allocate(0));
  }

  /** Lays a batch out; what is behind a shorter row is 0, and its targets -1. */
  void fill(ForcedBatch batch, int width) {
    int rows = batch.rows();
    int positions = batch.positions();
    int tokens = batch.tokens();
    FloatBuffer hidden = area(HIDDEN, (long) rows * positions * width, Float.BYTES).asFloatBuffer();
    LongBuffer lengths = area(LENGTHS, rows, Long.BYTES).asLongBuffer();
    LongBuffer inputs = area(INPUTS, (long) rows * tokens, Long.BYTES).asLongBuffer();
    LongBuffer targets = area(TARGETS, (long) rows * tokens, Long.BYTES).asLongBuffer();
    for (int r = 0; r < rows; r++) {
      ForcedBatch.Row row = batch.row(r);
      int at = r * positions * width;
      int values = row.positions * width;
      hidden.put(at, row.hidden, row.hidden.position(), values);
      MemorySegment.ofBuffer(hidden.slice(at + values, positions * width - values)).fill((byte) 0);
      lengths.put(r, row.positions);
      for (int n = 0; n < tokens; n++) {
        boolean own = n < row.inputs.length;
        inputs.put(r * tokens + n, own ? row.inputs[n] : 0);
        targets.put(r * tokens + n, own ? row.targets[n] : -1);
      }
    }
  }

  ByteBuffer hidden() {
    return areas[HIDDEN];
  }

  ByteBuffer lengths() {
    return areas[LENGTHS];
  }

  ByteBuffer inputs() {
    return areas[INPUTS];
  }

  ByteBuffer targets() {
    return areas[TARGETS];
  }

  /** Room for a result of so many floats. */
  ByteBuffer out(long floats) {
    return area(OUT, floats, Float.BYTES);
  }

  private ByteBuffer area(int which, long elements, int bytesEach) {
    long bytes = elements * bytesEach;
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a batch of this shape takes " + bytes + " bytes at once: make it smaller");
    }
    if (areas[which].capacity() < bytes) {
      free(which);
      // shared: whoever closes the decoder may be another thread than the one that computed
      Arena arena = Arena.ofShared();
      arenas[which] = arena;
      areas[which] = arena.allocate(bytes, 64).asByteBuffer().order(ByteOrder.nativeOrder());
    }
    areas[which] = areas[which].clear().limit((int) bytes);
    return areas[which];
  }

  private void free(int which) {
    Arena arena = arenas[which];
    if (arena != null) {
      arenas[which] = null;
      areas[which] = ByteBuffer.allocate(0);
      arena.close();
    }
  }

  @Override
  public void close() {
    for (int which = 0; which < areas.length; which++) {
      free(which);
    }
  }
}
