package dev.cleave.server.rpc;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** The threads of one server beside the transport's and the decoder's. Thread-safe. */
final class ServerThreads implements AutoCloseable {

  private static final int MAX_CALL_THREADS = 8;

  private final ExecutorService calls;
  private final ExecutorService delivery;
  private final ScheduledExecutorService clock;

  private ServerThreads(
      ExecutorService calls, ExecutorService delivery, ScheduledExecutorService clock) {
    this.calls = calls;
    this.delivery = delivery;
    this.clock = clock;
  }

  static ServerThreads start() {
    int processors = Runtime.getRuntime().availableProcessors();
    return new ServerThreads(
        Executors.newFixedThreadPool(
            Math.clamp(processors, 2, MAX_CALL_THREADS), named("cleave-call-")),
        // One thread keeps the tokens of a step in one task; passing them on never blocks.
        Executors.newSingleThreadExecutor(named("cleave-deliver-")),
        Executors.newSingleThreadScheduledExecutor(named("cleave-clock-")));
  }

  /** Where calls handle their messages. */
  Executor calls() {
    return calls;
  }

  /** Where tokens go from the decoder's queues to the transport. */
  Executor delivery() {
    return delivery;
  }

  void every(Duration period, Runnable task) {
    var _ =
        clock.scheduleWithFixedDelay(
            task, period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Runs a task that does not block once, after this long. */
  void later(Duration delay, Runnable task) {
    var _ = clock.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Runs what was handed in and ends the threads. */
  @Override
  public void close() {
    clock.shutdownNow();
    calls.close();
    delivery.close();
  }

  private static ThreadFactory named(String prefix) {
    return Thread.ofPlatform().name(prefix, 0).daemon().factory();
  }
}
