package dev.cleave.edge.channel;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;

/**
 * What secures the way to the servers. Immutable.
 *
 * @param insecurePlaintext whether plaintext may leave this machine
 */
public record ClientSecurity(boolean insecurePlaintext) {

  /** Plaintext, and to this machine alone. */
  public static ClientSecurity loopback() {
    return new ClientSecurity(false);
  }

  /**
   * Returns where hidden states, which are personal data, may go to these servers in this way.
   *
   * @throws CleaveException where they would leave this machine in the clear
   */
  public void requireAllows(Servers servers) {
    if (!insecurePlaintext && !servers.onThisMachine()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "refused to send hidden states to %s: it is not on this machine and the link has no TLS yet"
              .formatted(servers),
          "use a server on 127.0.0.1, for instance through a tunnel that encrypts");
    }
  }
}
