package dev.cleave.server.schedule;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Who runs the one thread that touches an engine. Thread-safe. */
public interface EngineOwner extends AutoCloseable {

  /** Completes when the engine has computed once, or exceptionally when it could not. */
  CompletableFuture<Void> warm();

  /** For how long the owner thread has been in its current call of the engine; zero in none. */
  Duration busyFor();

  /** As {@link #close}, but without waiting: for an engine that does not come back. */
  void abandon();

  /** Hands back what is not complete and ends the owner thread; waits for its current step. */
  @Override
  void close();

  /**
   * Waits for an owner thread that was told to end, also when interrupted, which is left for the
   * caller to see: the engine may not be freed under a running step.
   */
  static void awaitEnd(Thread owner) {
    boolean interrupted = false;
    while (owner.isAlive()) {
      try {
        owner.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
