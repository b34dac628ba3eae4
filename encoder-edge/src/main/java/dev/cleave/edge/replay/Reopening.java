package dev.cleave.edge.replay;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireCodec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Opens one session, each time under the next number, and holds a server to what the first agreed
 * to. Confined to who holds the session's lock, but for {@link #open}, which may wait.
 */
final class Reopening {
  private final DecoderLink link;
  private final Open open;
  private final StreamTerms terms;
  private final Attempts attempts;
  private @Nullable Opened agreed;

  Reopening(DecoderLink link, Open open, StreamTerms terms, Attempts attempts) {
    this.link = link;
    this.open = open;
    this.terms = terms;
    this.attempts = attempts;
  }

  Attempts attempts() {
    return attempts;
  }

  /** What the next stream is opened with. */
  Open request() {
    return open.toBuilder().setAttempt(attempts.attempt()).build();
  }

  /**
   * Opens a stream.
   *
   * @param left what is left until the caller's deadline
   */
  DecoderStream open(Open request, Optional<Duration> left) {
    return link.open(request, new StreamTerms(left, terms.maxMessageBytes()));
  }

  /** A server has opened the session, and the caller goes by what it said. */
  void agreed(Opened opened) {
    attempts.opened();
    agreed = opened;
  }

  /**
   * Whether the session can go on under what another server allows.
   *
   * @throws CleaveException when it cannot, which another may mend
   */
  void requireFits(Opened opened) {
    attempts.opened();
    Opened first = agreed;
    if (first == null) {
      return;
    }
    if (!WireCodec.of(first).equals(WireCodec.of(opened))
        || first.getWidth() != opened.getWidth()
        || opened.getMaxPositionsPerFrame() < first.getMaxPositionsPerFrame()) {
      throw CleaveException.of(
          Code.SERVER,
          Category.REOPEN_SESSION,
          "the server %s cannot go on with the session: it takes %s of width %d in frames of %d positions, the session has %s of width %d in frames of up to %d"
              .formatted(
                  opened.getServerName(),
                  WireCodec.of(opened),
                  opened.getWidth(),
                  opened.getMaxPositionsPerFrame(),
                  WireCodec.of(first),
                  first.getWidth(),
                  first.getMaxPositionsPerFrame()),
          "start all servers with the same bundle and limits");
    }
  }

  /** The bytes of a message as gRPC counts them. */
  static int messageBytes(Uplink message) {
    try (InputStream bytes = DecoderMethods.GENERATE.streamRequest(message)) {
      return bytes.available();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }
}
