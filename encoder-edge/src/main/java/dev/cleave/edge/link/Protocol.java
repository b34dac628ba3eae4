package dev.cleave.edge.link;

import dev.cleave.codec.StreamSpec;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.Opened;
import dev.cleave.wire.WireCodec;

/** Whether a server keeps to the protocol, and what to say of one that does not. */
public final class Protocol {
  private Protocol() {}

  /** The failure; {@code how} says what the server did. */
  public static CleaveException broken(String how) {
    return CleaveException.fatal(
        Code.PROTOCOL,
        "the server broke the protocol: " + how,
        "check that it is a Cleave server of this version, started with the same bundle");
  }

  /**
   * Holds a server to what the session was asked for.
   *
   * @param asked how boundary tensors are to be sent
   * @return the most positions that it allows in a frame, at least 1
   */
  public static int positionsPerFrame(StreamSpec asked, Opened opened) {
    WireCodec codec = WireCodec.of(asked);
    WireCodec accepted = WireCodec.of(opened);
    if (!accepted.equals(codec) || opened.getWidth() != asked.width()) {
      throw broken(
          "it opened the session with %s and width %d where %s and %d were asked for"
              .formatted(accepted, opened.getWidth(), codec, asked.width()));
    }
    if (opened.getMaxPositionsPerFrame() < 1) {
      throw broken("it allows %d positions per frame".formatted(opened.getMaxPositionsPerFrame()));
    }
    return opened.getMaxPositionsPerFrame();
  }
}
