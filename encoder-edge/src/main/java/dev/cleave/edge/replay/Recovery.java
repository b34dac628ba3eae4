package dev.cleave.edge.replay;

import java.time.Duration;

/**
 * What a client does when a server is lost in the middle of an answer: it opens the session again,
 * on another server where there are several, sends again what it has sent, and goes on. Immutable.
 *
 * @param attempts how often one session may be opened, at least 1, which is never again
 * @param budget the longest that one recovery may take, from the loss to the next new token
 * @param stall for so long a server may owe an answer and say nothing before it counts as lost
 * @param maxBytesKept the most bytes of frames that a session keeps for this; one that has sent
 *     more is lost with its server
 * @param bytesInMemory of those, the most that stay in memory
 */
public record Recovery(
    int attempts, Duration budget, Duration stall, long maxBytesKept, long bytesInMemory) {
  private static final Recovery DEFAULTS =
      new Recovery(100, Duration.ofMinutes(2), Duration.ofMinutes(2), 1L << 30, 64L << 20);

  public Recovery {
    if (attempts < 1 || attempts > 100_000) {
      throw new IllegalArgumentException("attempts must be from 1 to 100000, got " + attempts);
    }
    if (!budget.isPositive() || !stall.isPositive()) {
      throw new IllegalArgumentException(
          "budget and stall must be above 0, got %s and %s".formatted(budget, stall));
    }
    if (maxBytesKept < 0 || bytesInMemory < 0) {
      throw new IllegalArgumentException(
          "the bytes kept must not be negative, got %d and %d"
              .formatted(maxBytesKept, bytesInMemory));
    }
  }

  /** A hundred times, two minutes, 1 GiB of which 64 MiB in memory. */
  public static Recovery defaults() {
    return DEFAULTS;
  }

  /** A lost session stays lost. */
  public static Recovery none() {
    return new Recovery(1, DEFAULTS.budget(), DEFAULTS.stall(), 0, 0);
  }

  /** This with another number of attempts. */
  public Recovery withAttempts(int attempts) {
    return new Recovery(attempts, budget, stall, maxBytesKept, bytesInMemory);
  }

  /** This with another time for one recovery. */
  public Recovery withBudget(Duration budget) {
    return new Recovery(attempts, budget, stall, maxBytesKept, bytesInMemory);
  }

  /** This with another patience with a silent server. */
  public Recovery withStall(Duration stall) {
    return new Recovery(attempts, budget, stall, maxBytesKept, bytesInMemory);
  }

  /** This keeping another number of bytes, of which no more than these in memory. */
  public Recovery withBytes(long maxBytesKept, long bytesInMemory) {
    return new Recovery(attempts, budget, stall, maxBytesKept, bytesInMemory);
  }

  /** Whether a lost session is opened again at all. */
  public boolean enabled() {
    return attempts > 1;
  }
}
