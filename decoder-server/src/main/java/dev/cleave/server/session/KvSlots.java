package dev.cleave.server.session;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts the KV slots of the engine, and the positions in them: a session takes both at Open,
 * before it has sent anything, so that it can fail for want of memory only there. Which slot it is
 * decides the scheduler, when the session joins the batch. Thread-safe.
 */
public final class KvSlots {

  private static final long MIN_RETRY_NANOS = Duration.ofMillis(100).toNanos();
  private static final long MAX_RETRY_NANOS = Duration.ofSeconds(30).toNanos();

  private final int total;
  private final long totalPositions;
  private final LongSupplier nanoClock;
  private int taken;
  private long takenPositions;
  // Running mean of how long a slot was held; 1 s until one has been given back.
  private long meanHeldNanos = Duration.ofSeconds(1).toNanos();

  /** Slots of one size, which need no count of positions. */
  public KvSlots(int total, LongSupplier nanoClock) {
    this(total, 0, nanoClock);
  }

  /** Slots that share this many positions. */
  public KvSlots(int total, long totalPositions, LongSupplier nanoClock) {
    this.total = total;
    this.totalPositions = totalPositions;
    this.nanoClock = nanoClock;
  }

  /**
   * Takes a slot with room for {@code positions}, or returns null when there is none now.
   *
   * @param positions 0 where slots are of one size
   * @param onGivenBack runs once the slot has been given back, on the thread that did it
   */
  public synchronized @Nullable Lease tryTake(int positions, Runnable onGivenBack) {
    if (!hasRoom(positions)) {
      return null;
    }
    taken++;
    takenPositions += positions;
    return new Lease(positions, nanoClock.getAsLong(), onGivenBack);
  }

  /** Whether a slot with room for {@code positions} could be taken now. */
  public synchronized boolean hasRoom(int positions) {
    return taken < total && positions <= totalPositions - takenPositions;
  }

  /** Slots of the engine. */
  public int total() {
    return total;
  }

  /** Positions that all slots share; 0 where slots are of one size. */
  public long totalPositions() {
    return totalPositions;
  }

  /** Slots that no session owns. */
  public synchronized int free() {
    return total - taken;
  }

  /** Positions that no session has reserved. */
  public synchronized long freePositions() {
    return totalPositions - takenPositions;
  }

  /** The running mean of how long a slot is held. */
  public synchronized Duration meanHeld() {
    return Duration.ofNanos(meanHeldNanos);
  }

  /** When a refused client may expect a slot: the mean time a slot is held over their number. */
  public synchronized Duration retryDelay() {
    return Duration.ofNanos(Math.clamp(meanHeldNanos / total, MIN_RETRY_NANOS, MAX_RETRY_NANOS));
  }

  private synchronized void giveBack(int positions, long takenAtNanos) {
    meanHeldNanos += (nanoClock.getAsLong() - takenAtNanos - meanHeldNanos) / 8;
    taken--;
    takenPositions -= positions;
  }

  /** A taken slot; closing gives it back. Thread-safe, idempotent. */
  public final class Lease implements AutoCloseable {

    private final int positions;
    private final long takenAtNanos;
    private final Runnable onGivenBack;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Lease(int positions, long takenAtNanos, Runnable onGivenBack) {
      this.positions = positions;
      this.takenAtNanos = takenAtNanos;
      this.onGivenBack = onGivenBack;
    }

    /** Positions reserved with it. */
    public int positions() {
      return positions;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        giveBack(positions, takenAtNanos);
        onGivenBack.run();
      }
    }
  }
}
