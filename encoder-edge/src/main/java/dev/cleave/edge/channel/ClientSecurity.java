package dev.cleave.edge.channel;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.util.Optional;

/**
 * What secures the way to the servers: TLS 1.3, unless all of them are on this machine and nobody
 * asked for it. Immutable.
 *
 * @param insecurePlaintext whether plaintext may leave this machine, and is taken then
 * @param tls the files of TLS; none are the public roots, where there must be TLS
 * @param token what says on whose behalf the device calls
 */
public record ClientSecurity(
    boolean insecurePlaintext, Optional<TlsFiles> tls, Optional<BearerToken> token) {
  private static final ClientSecurity DEFAULTS =
      new ClientSecurity(false, Optional.empty(), Optional.empty());

  public ClientSecurity {
    if (insecurePlaintext && tls.isPresent()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "both plaintext and TLS were asked for",
          "leave out --insecure-plaintext, or the options of TLS");
    }
  }

  /** Plaintext to this machine, TLS with the public roots to others, no token. */
  public static ClientSecurity defaults() {
    return DEFAULTS;
  }

  /** TLS with these files, to this machine too, and no token. */
  public static ClientSecurity tls(TlsFiles files) {
    return DEFAULTS.withTls(files);
  }

  /** Plaintext, wherever the servers are: whoever is on the way reads all states. */
  public static ClientSecurity plaintextToAnywhere() {
    return new ClientSecurity(true, Optional.empty(), Optional.empty());
  }

  /** This with TLS. */
  public ClientSecurity withTls(TlsFiles files) {
    return new ClientSecurity(insecurePlaintext, Optional.of(files), token);
  }

  /** This with a token. */
  public ClientSecurity withToken(BearerToken newToken) {
    return new ClientSecurity(insecurePlaintext, tls, Optional.of(newToken));
  }

  /** How to talk TLS to these servers; empty where it is plaintext. */
  Optional<TlsFiles> tlsTo(Servers servers) {
    if (tls.isPresent() || insecurePlaintext || servers.onThisMachine()) {
      return tls;
    }
    // States are personal data, and so are tokens.
    return Optional.of(TlsFiles.publicRoots());
  }
}
