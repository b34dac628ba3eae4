package dev.cleave.bench.chaos.demo;

import dev.cleave.bench.chaos.fleet.Fleet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Makes servers answer at a pace that one can follow: whenever one has sent something it is held
 * still for a moment. The answer of a small model would be over before one sees anything.
 * Thread-safe.
 */
final class Pace implements AutoCloseable {
  private final Fleet fleet;
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private long pauseMillis;
  private boolean held;

  Pace(Fleet fleet) {
    this.fleet = fleet;
  }

  /** From now on servers are held for so long behind all that they send; 0 is not at all. */
  synchronized void pause(long millis) {
    pauseMillis = millis;
  }

  /** A server has sent something. */
  synchronized void sent(int server) {
    if (pauseMillis == 0) {
      return;
    }
    long pid = fleet.server(server).pid();
    Signals.stop(pid);
    ScheduledFuture<?> _ = clock.schedule(() -> goOn(pid), pauseMillis, TimeUnit.MILLISECONDS);
  }

  private synchronized void goOn(long pid) {
    if (!held) {
      Signals.go(pid);
    }
  }

  /** Holds a server until {@link #release}. */
  synchronized void hold(int server) {
    held = true;
    Signals.stop(fleet.server(server).pid());
  }

  /** Lets all go on. */
  synchronized void release() {
    held = false;
    for (int n = 0; n < fleet.size(); n++) {
      if (fleet.server(n).alive()) {
        Signals.go(fleet.server(n).pid());
      }
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
    release();
  }
}
