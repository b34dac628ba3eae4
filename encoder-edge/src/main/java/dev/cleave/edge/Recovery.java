package dev.cleave.edge;

import java.time.Duration;

/**
 * What a client does when a server is lost in the middle of an answer: it opens the session again,
 * sends again what it has sent, and goes on. Immutable.
 *
 * @param attempts how often one session may be opened, at least 1, which is never again
 * @param budget the longest that one recovery may take, from the loss to the next new token
 * @param maxBytesKept the most bytes of frames that a session keeps for this; one that has sent
 *     more is lost with its server
 */
public record Recovery(int attempts, Duration budget, long maxBytesKept) {
  private static final Recovery DEFAULTS = new Recovery(8, Duration.ofMinutes(2), 1L << 30);

  public Recovery {
    if (attempts < 1 || attempts > 1000) {
      throw new IllegalArgumentException("attempts must be from 1 to 1000, got " + attempts);
    }
    if (!budget.isPositive()) {
      throw new IllegalArgumentException("budget must be above 0, got " + budget);
    }
    if (maxBytesKept < 0) {
      throw new IllegalArgumentException(
          "the bytes kept must not be negative, got " + maxBytesKept);
    }
  }

  /** Eight times, two minutes, 1 GiB. */
  public static Recovery defaults() {
    return DEFAULTS;
  }

  /** A lost session stays lost. */
  public static Recovery none() {
    return new Recovery(1, DEFAULTS.budget(), 0);
  }
}
