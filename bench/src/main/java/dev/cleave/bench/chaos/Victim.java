package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.fleet.Fleet;
import java.util.concurrent.CountDownLatch;

/** The server that is killed in a round: the one that holds a session then. Thread-safe. */
final class Victim {
  private final Fleet fleet;
  private final CountDownLatch killed = new CountDownLatch(1);
  private volatile int index;
  private volatile long nanos;

  /**
   * @param otherwise who it is where no server has a session yet
   */
  Victim(Fleet fleet, int otherwise) {
    this.fleet = fleet;
    this.index = otherwise;
  }

  /** Sends SIGKILL. */
  void kill() {
    try {
      index = fleet.holder().orElse(index);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    fleet.server(index).kill();
    nanos = System.nanoTime();
    killed.countDown();
  }

  /** Waits for the kill. */
  void await() throws InterruptedException {
    killed.await();
    fleet.server(index).awaitEnd();
  }

  /** Its place among the servers. */
  int index() {
    return index;
  }

  /** When it was killed. */
  long nanos() {
    return nanos;
  }
}
