package dev.cleave.edge.causal;

import dev.cleave.edge.engine.LowerEngine;
import dev.cleave.edge.engine.LowerSession;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Lower layers whose row says which ids lead to it: the id, the position and a hash of all ids up
 * to it, exact in f32. So a server that is given rows of another history notices.
 */
public final class FakeLowerEngine implements LowerEngine {
  /** Elements per position. */
  public static final int WIDTH = 4;

  private final int maxPositions;

  /** Sessions that were opened and not closed. */
  public final AtomicInteger open = new AtomicInteger();

  /** Positions computed by all sessions together. */
  public final AtomicInteger computed = new AtomicInteger();

  /** Done before each computation, with the positions it adds. */
  public volatile IntConsumer before = positions -> {};

  public FakeLowerEngine(int maxPositions) {
    this.maxPositions = maxPositions;
  }

  /** The hash of a history, in 24 bits. */
  static float hash(List<Integer> ids) {
    return ids.hashCode() & 0xFFFFFF;
  }

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public int maxPositions() {
    return maxPositions;
  }

  @Override
  public LowerSession open(int positions) {
    if (positions < 1 || positions > maxPositions) {
      throw new IllegalArgumentException("positions: " + positions);
    }
    open.incrementAndGet();
    return new Session(positions);
  }

  @Override
  public void close() {}

  private final class Session implements LowerSession {
    private final int capacity;
    private final List<Integer> ids = new ArrayList<>();
    private boolean closed;

    Session(int capacity) {
      this.capacity = capacity;
    }

    @Override
    public int length() {
      return ids.size();
    }

    @Override
    public int capacity() {
      return capacity;
    }

    @Override
    public void append(LongBuffer tokens, FloatBuffer hidden) {
      before.accept(tokens.remaining());
      if (closed || tokens.remaining() > capacity - ids.size() || tokens.remaining() == 0) {
        throw new AssertionError(
            "append of %d to %d of %d".formatted(tokens.remaining(), ids.size(), capacity));
      }
      if (!tokens.isDirect() || !hidden.isDirect()) {
        throw new AssertionError("buffers must be direct");
      }
      for (int i = 0; i < tokens.remaining(); i++) {
        int id = Math.toIntExact(tokens.get(tokens.position() + i));
        ids.add(id);
        int row = hidden.position() + i * WIDTH;
        hidden.put(row, id).put(row + 1, ids.size() - 1).put(row + 2, hash(ids)).put(row + 3, 1);
      }
      computed.addAndGet(tokens.remaining());
    }

    @Override
    public void truncate(int length) {
      if (length < 0 || length > ids.size()) {
        throw new AssertionError("truncate to %d of %d".formatted(length, ids.size()));
      }
      ids.subList(length, ids.size()).clear();
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        open.decrementAndGet();
      }
    }
  }
}
