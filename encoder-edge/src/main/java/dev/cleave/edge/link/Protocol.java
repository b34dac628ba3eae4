package dev.cleave.edge.link;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;

/** What to say of a server that does not keep to the protocol. */
public final class Protocol {
  private Protocol() {}

  /** The failure; {@code how} says what the server did. */
  public static CleaveException broken(String how) {
    return CleaveException.fatal(
        Code.PROTOCOL,
        "the server broke the protocol: " + how,
        "check that it is a Cleave server of this version, started with the same bundle");
  }
}
