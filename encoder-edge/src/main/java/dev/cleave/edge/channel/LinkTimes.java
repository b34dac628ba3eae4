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
 * @param reload between looks at the files of TLS, whether they have changed
 */
public record LinkTimes(Duration connect, Duration quiet, Duration answer, Duration reload) {
  private static final LinkTimes DEFAULTS =
      new LinkTimes(
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(5),
          Duration.ofSeconds(10));

  public LinkTimes {
    requirePositive("connect", connect);
    requirePositive("quiet", quiet);
    requirePositive("answer", answer);
    requirePositive("reload", reload);
  }

  /** 5 s to connect, a connection is lost after 15 s of silence, files are looked at every 10 s. */
  public static LinkTimes defaults() {
    return DEFAULTS;
  }

  /** This with another time for the answer to a ping. */
  public LinkTimes withAnswer(Duration newAnswer) {
    return new LinkTimes(connect, quiet, newAnswer, reload);
  }

  /** This with another time between looks at the files of TLS. */
  public LinkTimes withReload(Duration newReload) {
    return new LinkTimes(connect, quiet, answer, newReload);
  }

  private static void requirePositive(String field, Duration value) {
    // The transport counts milliseconds in an int.
    if (value.toMillis() < 1 || value.toMillis() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(field + " must be from 1 ms to 24 days, got " + value);
    }
  }
}
