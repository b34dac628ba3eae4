package dev.cleave.edge.channel;

import java.time.Duration;

/**
 * How long a silent network is waited for. Immutable.
 *
 * @param connect until a server has taken the TCP connection
 * @param quiet without a byte from the server before it is asked whether it is there; gRPC takes 10
 *     s for what is less, and the server allows 5 s and more
 * @param answer until it has answered that: a connection that is silent for {@code quiet + answer}
 *     is lost, and its streams fail
 */
public record LinkTimes(Duration connect, Duration quiet, Duration answer) {
  private static final LinkTimes DEFAULTS =
      new LinkTimes(Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(5));

  public LinkTimes {
    requirePositive("connect", connect);
    requirePositive("quiet", quiet);
    requirePositive("answer", answer);
  }

  /** 5 s to connect, and a connection is lost after 15 s of silence. */
  public static LinkTimes defaults() {
    return DEFAULTS;
  }

  private static void requirePositive(String field, Duration value) {
    // The transport counts milliseconds in an int.
    if (value.toMillis() < 1 || value.toMillis() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(field + " must be from 1 ms to 24 days, got " + value);
    }
  }
}
