package dev.cleave.server.session;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts the KV slots of the engine: a session takes one at Open, before it has sent anything, so
 * that it can fail for want of memory only there. Which slot it is decides the scheduler, when the
 * session joins the batch. Thread-safe.
 */
public final class KvSlots {

  private static final long MIN_RETRY_NANOS = Duration.ofMillis(100).toNanos();
  private static final long MAX_RETRY_NANOS = Duration.ofSeconds(30).toNanos();

  private final int total;
  private final LongSupplier nanoClock;
  private int taken;
  // Running mean of how long a slot was held; 1 s until one has been given back.
  private long meanHeldNanos = Duration.ofSeconds(1).toNanos();

  public KvSlots(int total, LongSupplier nanoClock) {
    this.total = total;
    this.nanoClock = nanoClock;
  }

  /** Takes a slot, or returns null when all are taken. */
  public synchronized @Nullable Lease tryTake() {
    if (taken == total) {
      return null;
    }
    taken++;
    return new Lease(nanoClock.getAsLong());
  }

  /** Slots of the engine. */
  public int total() {
    return total;
  }

  /** Slots that no session owns. */
  public synchronized int free() {
    return total - taken;
  }

  /** When a refused client may expect a slot: the mean time a slot is held over their number. */
  public synchronized Duration retryDelay() {
    return Duration.ofNanos(Math.clamp(meanHeldNanos / total, MIN_RETRY_NANOS, MAX_RETRY_NANOS));
  }

  private synchronized void giveBack(long takenAtNanos) {
    meanHeldNanos += (nanoClock.getAsLong() - takenAtNanos - meanHeldNanos) / 8;
    taken--;
  }

  /** A taken slot; closing gives it back. Thread-safe, idempotent. */
  public final class Lease implements AutoCloseable {

    private final long takenAtNanos;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Lease(long takenAtNanos) {
      this.takenAtNanos = takenAtNanos;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        giveBack(takenAtNanos);
      }
    }
  }
}
