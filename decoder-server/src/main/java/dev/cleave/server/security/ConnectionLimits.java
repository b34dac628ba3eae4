package dev.cleave.server.security;

import java.time.Duration;

/**
 * How many connections there may be at once, and how long one may take to begin. Immutable.
 *
 * @param inAll each costs a file descriptor and some 100 KiB, whoever is behind it
 * @param perAddress of one IPv4 address or one IPv6 /64; devices behind one gateway share it
 * @param handshake until TLS and HTTP/2 have begun
 */
public record ConnectionLimits(int inAll, int perAddress, Duration handshake) {
  private static final ConnectionLimits DEFAULTS =
      new ConnectionLimits(1024, 256, Duration.ofSeconds(10));

  public ConnectionLimits {
    if (inAll < 1 || perAddress < 1) {
      throw new IllegalArgumentException(
          "connections must be at least 1, got %d in all and %d per address"
              .formatted(inAll, perAddress));
    }
    if (!handshake.isPositive()) {
      throw new IllegalArgumentException("handshake must be above 0, got " + handshake);
    }
  }

  /** 1024, 256 of them from one address, 10 s to begin. */
  public static ConnectionLimits defaults() {
    return DEFAULTS;
  }

  /** This with other numbers. */
  public ConnectionLimits withNumbers(int newInAll, int newPerAddress) {
    return new ConnectionLimits(newInAll, newPerAddress, handshake);
  }

  /** This with another time to begin. */
  public ConnectionLimits withHandshake(Duration newHandshake) {
    return new ConnectionLimits(inAll, perAddress, newHandshake);
  }
}
