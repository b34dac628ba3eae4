package dev.cleave.server.session;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The boundary tensors of one session between their arrival and their step: a ring of rows in
 * native memory, charged to a {@link PromptBudget}. One thread writes extents, another reads and
 * releases them in the same order and closes the queue; a writer that is late finds it closed.
 */
public final class RowQueue implements PromptMemory {

  /**
   * Rows that lie one after the other.
   *
   * @param row the first, from the start of the ring
   * @param positions how many
   */
  public record Extent(int row, int positions) {
    int end() {
      return row + positions;
    }
  }

  private final PromptBudget budget;
  // Shared: written on a call's thread, read and freed on the scheduler's.
  private final Arena arena;
  private final MemorySegment segment;
  private final FloatBuffer values;
  private final int capacity;
  private final int width;
  private final AtomicBoolean closed = new AtomicBoolean();
  // Held while rows are written and while they are freed, never while they are read.
  private final Object memory = new Object();
  // Guarded by itself; in the order of their arrival.
  private final ArrayDeque<Extent> held = new ArrayDeque<>();

  RowQueue(PromptBudget budget, int capacity, int width, Arena arena) {
    this.budget = budget;
    this.capacity = capacity;
    this.width = width;
    this.arena = arena;
    this.segment = arena.allocate((long) capacity * width * Float.BYTES, 64);
    this.values = segment.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  /**
   * Allocates a queue of {@code capacity} rows, owned by the caller until closed.
   *
   * @return null when the budget has no room for it now
   */
  public static @Nullable RowQueue tryAllocate(PromptBudget budget, int capacity, int width) {
    long bytes = Math.multiplyExact((long) capacity * Float.BYTES, (long) width);
    if (bytes > Integer.MAX_VALUE || !budget.tryCharge(bytes)) {
      return null;
    }
    try {
      return new RowQueue(budget, capacity, width, Arena.ofShared());
    } catch (OutOfMemoryError e) {
      // Native memory ran out below the configured budget: a refusal, like a full budget.
      budget.uncharge(bytes);
      return null;
    }
  }

  /** How many more extents of up to {@code positions} rows are certain to fit. */
  public int extentsThatFit(int positions) {
    synchronized (held) {
      Extent first = held.peekFirst();
      Extent last = held.peekLast();
      if (first == null || last == null) {
        return capacity / positions;
      }
      return last.end() > first.row()
          ? (capacity - last.end()) / positions + first.row() / positions
          : (first.row() - last.end()) / positions;
    }
  }

  /**
   * Lets {@code writer} fill the next extent.
   *
   * @param positions rows; at least one extent of as many fits
   * @param writer gets {@code [positions, width]}; when it throws, nothing was written
   * @return null when the queue is closed
   */
  public @Nullable Extent write(int positions, Consumer<FloatBuffer> writer) {
    synchronized (memory) {
      if (closed.get()) {
        return null;
      }
      Extent extent = new Extent(place(positions), positions);
      writer.accept(values.slice(extent.row() * width, positions * width));
      synchronized (held) {
        held.addLast(extent);
      }
      return extent;
    }
  }

  /** The rows {@code [row, row + positions)} of the ring. By the reader, before it closes. */
  public FloatBuffer rows(int row, int positions) {
    return values.slice(row * width, positions * width);
  }

  /** Frees the oldest extent. By the reader. */
  public void release() {
    synchronized (held) {
      held.removeFirst();
    }
  }

  /** Overwrites the rows with zeros and frees them; waits for a writer. Idempotent. */
  @Override
  public void close() {
    synchronized (memory) {
      if (closed.compareAndSet(false, true)) {
        long bytes = segment.byteSize();
        segment.fill((byte) 0);
        arena.close();
        budget.release(bytes);
      }
    }
  }

  private int place(int positions) {
    synchronized (held) {
      Extent first = held.peekFirst();
      Extent last = held.peekLast();
      if (first == null || last == null) {
        return requireFit(0, capacity, positions);
      }
      if (last.end() <= first.row()) {
        return requireFit(last.end(), first.row(), positions);
      }
      return last.end() + positions <= capacity
          ? last.end()
          : requireFit(0, first.row(), positions);
    }
  }

  private static int requireFit(int from, int to, int positions) {
    if (positions > to - from) {
      throw new IllegalStateException(
          positions + " rows do not fit: ask extentsThatFit before receiving more");
    }
    return from;
  }
}
