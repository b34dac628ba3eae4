package dev.cleave.edge.causal;

import dev.cleave.edge.engine.LowerEngine;
import dev.cleave.edge.engine.LowerSession;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The device's half of one session: its KV and the buffers to compute in. Confined to one thread at
 * a time, as is the session on the engine.
 */
final class LowerHalf implements AutoCloseable {
  /** The most positions of one computation. */
  static final int MAX_CHUNK = 64;

  /** One is computed into, one is coded and sent, one lies between. */
  private static final int CHUNKS = 3;

  private static final long ALIGNMENT_BYTES = 64;

  private final LowerSession session;
  // Shared: a prompt is computed on one thread and sent from another.
  private final Arena arena = Arena.ofShared();
  private final int width;
  private final LongBuffer ids;
  private final List<FloatBuffer> chunks = new ArrayList<>(CHUNKS);
  private boolean closed;

  private LowerHalf(LowerSession session, int width) {
    this.session = session;
    this.width = width;
    int most = Math.min(MAX_CHUNK, session.capacity());
    this.ids = bytes((long) most * Long.BYTES).asLongBuffer();
    for (int i = 0; i < CHUNKS; i++) {
      chunks.add(bytes((long) most * width * Float.BYTES).asFloatBuffer());
    }
  }

  /** A half with room for this many positions; the caller closes it. */
  static LowerHalf open(LowerEngine engine, int positions) {
    LowerSession session = engine.open(positions);
    try {
      return new LowerHalf(session, engine.width());
    } catch (RuntimeException | OutOfMemoryError e) {
      session.close();
      throw e;
    }
  }

  int length() {
    return session.length();
  }

  /** Forgets what lies from {@code length} on, if anything does. */
  void keep(int length) {
    if (session.length() > length) {
      session.truncate(length);
    }
  }

  /** The buffers of chunks, each f32 [{@link #MAX_CHUNK}, width] or the room if that is less. */
  List<FloatBuffer> chunks() {
    return chunks;
  }

  /**
   * Computes the next positions.
   *
   * @param hidden one of {@link #chunks}; cleared, and filled up to its limit
   */
  void append(int[] tokens, int from, int count, FloatBuffer hidden) {
    ids.clear();
    for (int i = 0; i < count; i++) {
      ids.put(i, tokens[from + i]);
    }
    ids.limit(count);
    hidden.clear().limit(count * width);
    session.append(ids, hidden);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      session.close();
      arena.close();
    }
  }

  private ByteBuffer bytes(long size) {
    return arena.allocate(size, ALIGNMENT_BYTES).asByteBuffer().order(ByteOrder.nativeOrder());
  }
}
