package dev.cleave.edge;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;

/** What to say of a server that does not keep to the protocol. */
final class Protocol {
  private Protocol() {}

  static CleaveException broken(String how) {
    return CleaveException.fatal(
        Code.PROTOCOL,
        "the server broke the protocol: " + how,
        "check that it is a Cleave server of this version, started with the same bundle");
  }
}
