package dev.cleave.server.rpc;

import dev.cleave.server.entrance.SessionTable;
import dev.cleave.server.schedule.EngineOwner;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes a server out of service once its engine is lost. Thread-safe. */
final class EngineGuard {

  private static final Logger LOG = LoggerFactory.getLogger(EngineGuard.class);

  private final SessionTable table;
  private final Health health;
  private final CompletableFuture<EngineLoss> lost = new CompletableFuture<>();
  private volatile @Nullable EngineLoss loss;

  EngineGuard(SessionTable table, Health health) {
    this.table = table;
    this.health = health;
  }

  /** The owner thread has ended. Never blocks. */
  void died() {
    lose(EngineLoss.DIED);
  }

  /** Looks whether the engine is in one call for longer than this. */
  void check(EngineOwner owner, Duration most) {
    Duration busy = owner.busyFor();
    if (busy.compareTo(most) > 0 && loss == null) {
      LOG.error("engine=stuck seconds={} limit={}", busy.toSeconds(), most.toSeconds());
      lose(EngineLoss.STUCK);
    }
  }

  /** Completes at the loss, on a thread of its own: what depends on it may block. */
  CompletableFuture<EngineLoss> lost() {
    return lost;
  }

  /** Whether the owner thread is inside the engine and nobody knows for how long. */
  boolean isStuck() {
    return loss == EngineLoss.STUCK;
  }

  private void lose(EngineLoss how) {
    loss = how;
    table.become(SessionTable.Admission.BROKEN);
    health.serving(false);
    // Not on the caller's: it is the engine's own, or the clock that all streams wait for.
    Thread.ofPlatform().name("cleave-watchdog").daemon().start(() -> lost.complete(how));
  }
}
