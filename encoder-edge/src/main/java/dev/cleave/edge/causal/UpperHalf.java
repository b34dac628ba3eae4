package dev.cleave.edge.causal;

import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.HeaderForm;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.Protocol;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.edge.link.WireTally;
import dev.cleave.v1.Opened;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireLimits;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;

/**
 * The server's half of one session as it is seen from here: the open stream, and how far the
 * server's KV is filled with what still counts. Frames are numbered by position: one that starts
 * before the end takes back what the server has from there on. Confined to one thread at a time.
 */
final class UpperHalf {
  private final SessionTerms terms;
  private final DecoderStream stream;
  private final FrameEncoder encoder;
  private HeaderForm form = HeaderForm.LONG;
  private int framePositions;
  private int length;

  /** Answers that will come though nobody waits for them any more. */
  private int owed;

  private boolean answered;

  private UpperHalf(SessionTerms terms, DecoderStream stream) {
    this.terms = terms;
    this.stream = stream;
    this.encoder = terms.codec().encoder();
  }

  /** Opens a stream, without waiting for the server. */
  static UpperHalf open(DecoderLink link, SessionTerms terms) {
    // A deadline of the call would end the session with the turn.
    return new UpperHalf(
        terms, link.open(terms.open(), new StreamTerms(Optional.empty(), terms.maxMessageBytes())));
  }

  SessionTerms terms() {
    return terms;
  }

  /** Positions that the server has and that still count. */
  int length() {
    return length;
  }

  /** What lies from {@code length} on counts no more; the next frame will say so. */
  void keep(int length) {
    this.length = Math.min(this.length, length);
  }

  /** Whether the server has answered on this stream, so that losing it loses a session. */
  boolean hasAnswered() {
    return answered;
  }

  void limit(TurnLimit limit) {
    stream.limit(limit);
  }

  void wake() {
    stream.wake();
  }

  /** The most positions of a frame, waiting for the server to open the session. */
  int framePositions() {
    if (framePositions == 0) {
      framePositions = agreed(stream.opened());
    }
    return framePositions;
  }

  /**
   * Sends positions that are not answered, as one frame.
   *
   * @param hidden f32 [positions, width] from its position to its limit, which stay
   * @param start position of the first row, at most {@link #length()}
   * @param positions at most {@link #framePositions()}
   * @return the frame, which must not be written to
   */
  ByteBuffer prompt(FloatBuffer hidden, int start, int positions) {
    ByteBuffer frame = frame(hidden, start, positions);
    send(new Uplink.Hidden(frame));
    length = start + positions;
    return frame;
  }

  /** Asks for the token behind the last position. */
  void endOfPrompt() {
    send(new Uplink.EndOfPrompt(length));
    owed++;
  }

  /** Sends positions of which each is answered; otherwise as {@link #prompt}. */
  ByteBuffer step(FloatBuffer hidden, int start, int positions) {
    ByteBuffer frame = frame(hidden, start, positions);
    send(new Uplink.Step(frame));
    length = start + positions;
    owed++;
    return frame;
  }

  /**
   * The answer to what was asked last, waiting for it; older ones that nobody waits for any more
   * are passed over.
   *
   * @param position the first that was asked about
   * @param count how many were
   */
  Sampled sampled(int position, int count) {
    Sampled sampled = next();
    while (owed > 0) {
      sampled = next();
    }
    if (sampled.getPosition() != position || sampled.getIdsCount() != count) {
      throw Protocol.broken(
          "it answered %d positions from %d on where %d from %d on were asked about"
              .formatted(
                  sampled.getIdsCount(),
                  Integer.toUnsignedLong(sampled.getPosition()),
                  count,
                  position));
    }
    for (int i = 0; i < count; i++) {
      if (Integer.compareUnsigned(sampled.getIds(i), terms.vocabulary()) >= 0) {
        throw Protocol.broken(
            "it sent a token beyond the vocabulary of %d".formatted(terms.vocabulary()));
      }
    }
    long logitsBytes = (long) count * terms.logitsBytes();
    if (sampled.getLogits().size() != logitsBytes) {
      throw Protocol.broken(
          "it sent %d bytes of logits where %d were agreed"
              .formatted(sampled.getLogits().size(), logitsBytes));
    }
    answered = true;
    return sampled;
  }

  String serverName() {
    return stream.serverName();
  }

  WireTally tally() {
    return stream.tally();
  }

  /** Abandons the stream. */
  void fail(CleaveException failure) {
    stream.fail(failure);
  }

  /** Closes the stream, so that the next session finds the place that this one had. */
  void close() {
    if (owed == 0) {
      stream.complete();
    } else {
      stream.cancel();
    }
    stream.awaitEnd();
    stream.close();
  }

  private Sampled next() {
    ServerMessage message = stream.next();
    return switch (message.getMessageCase()) {
      case SAMPLED -> {
        if (owed == 0) {
          throw Protocol.broken("it answered what was not asked");
        }
        owed--;
        yield message.getSampled();
      }
      case DONE ->
          throw CleaveException.of(
              Code.SERVER,
              Category.REOPEN_SESSION,
              "the server ended the session by itself",
              "generate again: that opens another one");
      case TOKEN -> throw Protocol.broken("it decodes alone, as for another kind of model");
      case OPENED -> throw Protocol.broken("it opened the session twice");
      case MESSAGE_NOT_SET -> throw Protocol.broken("it sent a message of an unknown kind");
    };
  }

  private void send(Uplink message) {
    if (!stream.send(message)) {
      throw CleaveException.fatal(
          Code.CLOSED, "the session was closed while it was in use", "open another one");
    }
  }

  /** A frame in a buffer of its own: gRPC may not have written it when sending returns. */
  private ByteBuffer frame(FloatBuffer hidden, int start, int positions) {
    ByteBuffer frame = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    encoder.encode(hidden.duplicate(), start, positions, form, frame);
    form = HeaderForm.SHORT;
    return frame.flip();
  }

  private int agreed(Opened opened) {
    int allowed = Protocol.positionsPerFrame(terms.codec().spec(), opened);
    int positions = Math.min(LowerHalf.MAX_CHUNK, allowed);
    while (positions > 1 && encoder.maxEncodedBytes(positions) > WireLimits.MAX_FRAME_BYTES) {
      positions /= 2;
    }
    return positions;
  }
}
