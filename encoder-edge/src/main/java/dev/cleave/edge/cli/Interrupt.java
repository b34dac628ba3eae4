package dev.cleave.edge.cli;

import dev.cleave.edge.Generation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Makes Ctrl-C cancel a generation and lets its receipt be printed before the process ends; one
 * that may be resumed is left for that instead. The exit code, 130, is the JVM's own for SIGINT
 * (143 for SIGTERM).
 */
final class Interrupt implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 3;

  private final CountDownLatch printed = new CountDownLatch(1);
  private final Thread hook;
  private volatile boolean came;

  private Interrupt(Generation generation) {
    this.hook =
        new Thread(
            () -> {
              came = true;
              stop(generation);
              awaitPrinted();
            },
            "cleave-interrupt");
  }

  static Interrupt ends(Generation generation) {
    Interrupt interrupt = new Interrupt(generation);
    Runtime.getRuntime().addShutdownHook(interrupt.hook);
    return interrupt;
  }

  /** Ends a generation whose reader is gone: it may come back to one that may be resumed. */
  static void stop(Generation generation) {
    if (generation.session().isPresent()) {
      generation.leave();
    } else {
      generation.cancel();
    }
  }

  /** Whether the process ends. */
  boolean came() {
    return came;
  }

  private void awaitPrinted() {
    try {
      var _ = printed.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    printed.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending: the hook runs and finds the answer printed.
    }
  }
}
