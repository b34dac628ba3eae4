package dev.cleave.server.security;

import dev.cleave.server.ServerException;
import java.util.Optional;

/**
 * How a server proves itself, and what it asks of who connects. Immutable.
 *
 * @param insecurePlaintext whether plaintext may leave this machine
 * @param tls none is plaintext
 * @param tokens which ones open it; none opens it for whoever can connect
 * @param connections how many there may be
 */
public record Security(
    boolean insecurePlaintext,
    Optional<ServerTls> tls,
    Optional<TokenPolicy> tokens,
    ConnectionLimits connections) {
  private static final Security LOOPBACK =
      new Security(false, Optional.empty(), Optional.empty(), ConnectionLimits.defaults());

  public Security {
    if (insecurePlaintext && tls.isPresent()) {
      throw new ServerException(
          "secure the port",
          "plaintext and TLS",
          "leave out --insecure-plaintext, or the options of TLS",
          null);
    }
  }

  /** Plaintext, and to this machine alone. */
  public static Security loopback() {
    return LOOPBACK;
  }

  /** Plaintext to anywhere: whoever is on the way reads all states. */
  public static Security plaintextToAnywhere() {
    return new Security(true, Optional.empty(), Optional.empty(), LOOPBACK.connections);
  }

  /** This with TLS. */
  public Security withTls(ServerTls newTls) {
    return new Security(insecurePlaintext, Optional.of(newTls), tokens, connections);
  }

  /** This for those alone who have a token. */
  public Security withTokens(TokenPolicy newTokens) {
    return new Security(insecurePlaintext, tls, Optional.of(newTokens), connections);
  }

  /** This with other limits for connections. */
  public Security withConnections(ConnectionLimits newConnections) {
    return new Security(insecurePlaintext, tls, tokens, newConnections);
  }
}
