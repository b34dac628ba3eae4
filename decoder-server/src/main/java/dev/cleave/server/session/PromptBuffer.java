package dev.cleave.server.session;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The hidden states of one prompt, f32 native order {@code [capacity, width]}, in native memory
 * charged to a {@link PromptBudget}. Filled by one thread, then handed to another; {@link #close}
 * may come from any thread once, by agreement, nobody uses the buffer any more.
 */
public final class PromptBuffer implements PromptMemory {

  private final PromptBudget budget;
  // Shared: filled on a call's thread, read and freed on the scheduler's.
  private final Arena arena;
  private final MemorySegment segment;
  private final FloatBuffer values;
  private final int capacityPositions;
  private final int width;
  private final AtomicBoolean closed = new AtomicBoolean();
  private int positions;

  PromptBuffer(PromptBudget budget, int capacityPositions, int width, Arena arena) {
    this.budget = budget;
    this.capacityPositions = capacityPositions;
    this.width = width;
    this.arena = arena;
    this.segment = arena.allocate((long) capacityPositions * width * Float.BYTES, 64);
    this.values = segment.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  /** Positions announced for this prompt. */
  public int capacityPositions() {
    return capacityPositions;
  }

  /** Positions received so far. */
  public int positions() {
    return positions;
  }

  /** The room for {@code count} more positions, as a view with position 0. */
  public FloatBuffer tail(int count) {
    if (count > capacityPositions - positions) {
      throw new IllegalArgumentException(
          count + " positions do not fit: " + positions + " of " + capacityPositions + " are used");
    }
    return values.slice(positions * width, count * width);
  }

  /** Counts {@code count} positions, just written to {@link #tail}, as received. */
  public void advance(int count) {
    positions += count;
  }

  /** What was received, direct, {@code [positions, width]}; valid until {@link #close}. */
  public FloatBuffer received() {
    return values.slice(0, positions * width);
  }

  /** Overwrites the hidden states with zeros and frees them. Idempotent. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      long bytes = segment.byteSize();
      segment.fill((byte) 0);
      arena.close();
      budget.release(bytes);
    }
  }
}
