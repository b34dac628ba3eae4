package dev.cleave.server.schedule;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Since when an owner thread is inside a call of its engine. Written by that thread, read by any.
 */
public final class EngineWatch {

  private static final long RESTS = Long.MIN_VALUE;

  private final LongSupplier nanoClock;
  private volatile long sinceNanos = RESTS;

  public EngineWatch(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /** A call of the engine begins, or another one. */
  public void begins() {
    sinceNanos = nanoClock.getAsLong();
  }

  /** The owner thread leaves the engine alone, until there is something to compute. */
  public void rests() {
    sinceNanos = RESTS;
  }

  /** For how long the engine has been in its current call; zero while it is in none. */
  public Duration busyFor() {
    long since = sinceNanos;
    return since == RESTS
        ? Duration.ZERO
        : Duration.ofNanos(Math.max(0, nanoClock.getAsLong() - since));
  }
}
