package dev.cleave.server.security;

/**
 * How a server proves itself, and what it asks of who connects. Immutable.
 *
 * @param insecurePlaintext whether plaintext may leave this machine
 */
public record Security(boolean insecurePlaintext) {
  /** Plaintext, and to this machine alone. */
  public static Security loopback() {
    return new Security(false);
  }
}
