package dev.cleave.edge;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.Protocol;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.edge.link.WireTally;
import dev.cleave.v1.Done;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** The tokens of a server that decodes alone, held against what was agreed. */
final class StreamTokens implements TokenSource {
  private final GenerationTerms terms;
  private final DecoderStream stream;
  private final GenerationLedger ledger;

  /** Confined to the thread that asks. */
  private int tokens;

  StreamTokens(GenerationTerms terms, DecoderStream stream, GenerationLedger ledger) {
    this.terms = terms;
    this.stream = stream;
    this.ledger = ledger;
  }

  @Override
  public Next next() {
    try {
      ServerMessage message = stream.next();
      return switch (message.getMessageCase()) {
        case TOKEN -> token(message.getToken());
        case DONE -> end(reason(message.getDone()));
        case SAMPLED -> throw Protocol.broken("it answers steps that were not sent");
        case OPENED -> throw Protocol.broken("it opened the session twice");
        case MESSAGE_NOT_SET -> throw Protocol.broken("it sent a message of an unknown kind");
      };
    } catch (StreamCancelled e) {
      return end(FinishReason.CANCELLED);
    } catch (CleaveException e) {
      stream.fail(e);
      throw e;
    }
  }

  @Override
  public void cancel() {
    stream.cancel();
  }

  @Override
  public void leave(CleaveException why) {
    stream.fail(why);
  }

  @Override
  public void close() {
    cancel();
    stream.close();
  }

  @Override
  public Receipt receipt(FinishReason reason, int answered) {
    WireTally tally = stream.tally();
    Long seed = terms.seed().isPresent() ? terms.seed().getAsLong() : null;
    return new Receipt(
        terms.bundleId(),
        stream.serverName(),
        ledger.engine(),
        new Receipt.Sent(
            new Receipt.Coding(
                terms.codec().name(),
                terms.codec().reason(),
                terms.codec().hasConstantFrames(),
                terms.bitsPerElement(tally.frameBytesUp(), ledger.positionsSent()),
                stream.promptSent() ? ledger.measured(terms.codec().isExact()) : null),
            tally.frames(),
            ledger.positionsSent(),
            tally.frameBytesUp(),
            tally.messageBytesUp()),
        new Receipt.Received(answered, tally.messageBytesDown(), reason, seed),
        new Receipt.Recovered(tally.again().reopened(), tally.again().messageBytesUp()),
        ledger.timing(answered),
        null);
  }

  private Next token(Token token) {
    int position = tokens;
    if (!stream.promptSent()) {
      throw Protocol.broken("it sent a token before the end of the prompt");
    }
    if (token.getPosition() != position) {
      throw Protocol.broken(
          "it sent token %d where %d was next"
              .formatted(Integer.toUnsignedLong(token.getPosition()), position));
    }
    if (position >= terms.maxNewTokens()) {
      throw Protocol.broken("it sent more than %d tokens".formatted(terms.maxNewTokens()));
    }
    if (Integer.compareUnsigned(token.getId(), terms.vocabulary()) >= 0) {
      throw Protocol.broken(
          "it sent a token beyond the vocabulary of %d".formatted(terms.vocabulary()));
    }
    FloatBuffer logits = logits(token);
    ledger.token();
    tokens = position + 1;
    return new Answered(token.getId(), logits);
  }

  private @Nullable FloatBuffer logits(Token token) {
    int bytes = token.getLogits().size();
    if (bytes != terms.logitsBytes()) {
      throw Protocol.broken(
          "it sent %d bytes of logits where %d were agreed".formatted(bytes, terms.logitsBytes()));
    }
    if (bytes == 0) {
      return null;
    }
    ByteBuffer values = ByteBuffer.wrap(token.getLogits().toByteArray());
    return values.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().asReadOnlyBuffer();
  }

  private FinishReason reason(Done done) {
    FinishReason reason =
        switch (done.getReason()) {
          case EOS -> FinishReason.EOS;
          case LENGTH -> FinishReason.LENGTH;
          case CANCELLED -> FinishReason.CANCELLED;
          case CLOSED, FINISH_REASON_UNSPECIFIED, UNRECOGNIZED ->
              throw Protocol.broken("it gave no known reason for the end");
        };
    if (!stream.promptSent() && reason != FinishReason.CANCELLED) {
      throw Protocol.broken("it ended the answer before the end of the prompt");
    }
    if (done.getTokens() != tokens) {
      throw Protocol.broken(
          "it counts %d tokens, %d came"
              .formatted(Integer.toUnsignedLong(done.getTokens()), tokens));
    }
    return reason;
  }

  private Next end(FinishReason reason) {
    stream.complete();
    ledger.end();
    return new Ended(reason);
  }
}
