package dev.cleave.server.session;

import java.time.Duration;

/**
 * How long a server waits for what, beside the idle time-out of {@link SessionLimits}. Immutable.
 *
 * @param queue how long an Open waits for a slot; zero refuses at once
 * @param drain how long running sessions may go on once the server drains
 */
public record TimeLimits(Duration queue, Duration drain) {
  /** What a server has that was told nothing else. */
  public static final TimeLimits DEFAULT =
      new TimeLimits(Duration.ofSeconds(5), Duration.ofSeconds(30));

  public TimeLimits {
    requireNotNegative("queue", queue);
    requireNotNegative("drain", drain);
  }

  /** This with another time in the queue. */
  public TimeLimits withQueue(Duration newQueue) {
    return new TimeLimits(newQueue, drain);
  }

  /** This with another time to drain. */
  public TimeLimits withDrain(Duration newDrain) {
    return new TimeLimits(queue, newDrain);
  }

  private static void requireNotNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + " must not be negative, got " + value);
    }
  }
}
