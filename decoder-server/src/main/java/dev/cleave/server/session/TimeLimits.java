package dev.cleave.server.session;

import java.time.Duration;

/**
 * How long a server waits for what, beside the idle time-out of {@link SessionLimits}. Immutable.
 *
 * @param queue how long an Open waits for a slot; zero refuses at once
 * @param clients what clients are waited for
 * @param step how long the engine may take for one call before it counts as stuck
 * @param drain how long answers that are under way may go on once the server drains
 */
public record TimeLimits(Duration queue, Clients clients, Duration step, Duration drain) {
  /** What a server has that was told nothing else. */
  public static final TimeLimits DEFAULT =
      new TimeLimits(
          Duration.ofSeconds(5),
          new Clients(Duration.ofSeconds(30), Duration.ofSeconds(300), Duration.ofHours(12)),
          Duration.ofSeconds(60),
          // Whoever runs servers kills them 30 s after SIGTERM, as Kubernetes does by default.
          Duration.ofSeconds(20));

  /**
   * What clients are waited for.
   *
   * @param read how long what is computed may lie unread
   * @param upload how long the server waits in all for the parts of one prompt
   * @param age how long a session may last before it has to be opened again
   */
  public record Clients(Duration read, Duration upload, Duration age) {
    public Clients {
      requirePositive("read", read);
      requirePositive("upload", upload);
      requirePositive("age", age);
    }
  }

  public TimeLimits {
    requireNotNegative("queue", queue);
    requirePositive("step", step);
    requireNotNegative("drain", drain);
  }

  /** This with another time in the queue. */
  public TimeLimits withQueue(Duration newQueue) {
    return new TimeLimits(newQueue, clients, step, drain);
  }

  /** This with another patience with clients. */
  public TimeLimits withClients(Clients newClients) {
    return new TimeLimits(queue, newClients, step, drain);
  }

  /** This with another time for the engine. */
  public TimeLimits withStep(Duration newStep) {
    return new TimeLimits(queue, clients, newStep, drain);
  }

  /** This with another time to drain. */
  public TimeLimits withDrain(Duration newDrain) {
    return new TimeLimits(queue, clients, step, newDrain);
  }

  private static void requireNotNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + " must not be negative, got " + value);
    }
  }

  private static void requirePositive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + " must be positive, got " + value);
    }
  }
}
