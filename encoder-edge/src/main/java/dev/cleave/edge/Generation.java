package dev.cleave.edge;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.edge.link.WireTally;
import dev.cleave.edge.text.StopScanner;
import dev.cleave.edge.text.StreamingDetokenizer;
import dev.cleave.v1.Done;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * One answer as it comes. Iterating blocks until the next piece of text is certain; a piece never
 * ends inside a character. It ends when the answer does, or after {@link #cancel}; any other end is
 * a {@link CleaveException}, after which it has ended too.
 *
 * <p>One thread iterates at a time; every other method may be called from any thread. Whoever stops
 * iterating early closes it.
 */
public final class Generation implements Iterable<String>, AutoCloseable {
  private final GenerationTerms terms;
  private final DecoderStream stream;
  private final StreamingDetokenizer detokenizer;
  private final StopScanner stops;
  private final GenerationLedger ledger;
  private final TokenIds answer = new TokenIds();
  private final List<FloatBuffer> logits = Collections.synchronizedList(new ArrayList<>());

  /** The piece to give next; confined to the iterating thread like {@link #ended}. */
  private String piece = "";

  private boolean ended;
  private volatile @Nullable FinishReason finishReason;
  private volatile @Nullable Receipt receipt;

  Generation(
      GenerationTerms terms,
      DecoderStream stream,
      StreamingDetokenizer detokenizer,
      GenerationLedger ledger) {
    this.terms = terms;
    this.stream = stream;
    this.detokenizer = detokenizer;
    this.stops = new StopScanner(terms.stops());
    this.ledger = ledger;
  }

  /** The pieces not yet taken; all iterators of one generation share them. */
  @Override
  public Iterator<String> iterator() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        awaitPiece();
        return !piece.isEmpty();
      }

      @Override
      public String next() {
        if (!hasNext()) {
          throw new NoSuchElementException("the answer has ended");
        }
        String text = piece;
        piece = "";
        return text;
      }
    };
  }

  /** The rest of the answer as one string, waiting for its end. */
  public String text() {
    StringBuilder text = new StringBuilder();
    forEach(text::append);
    return text.toString();
  }

  /** Asks the server to stop; the iteration then ends soon, without an exception. */
  public void cancel() {
    stream.cancel();
  }

  /** The ids received so far, without the one that ended the answer. A copy. */
  public int[] tokenIds() {
    return answer.toArray();
  }

  /** The logits of each token received so far, f32 [vocabulary], where they were asked for. */
  public List<FloatBuffer> logits() {
    synchronized (logits) {
      return List.copyOf(logits);
    }
  }

  /**
   * Why the answer ended.
   *
   * @throws IllegalStateException before the iteration has ended, or where it failed
   */
  public FinishReason finishReason() {
    FinishReason reason = finishReason;
    if (reason == null) {
      throw new IllegalStateException("the answer has not ended: iterate to its end first");
    }
    return reason;
  }

  /**
   * What was sent, received and how long it took.
   *
   * @throws IllegalStateException before the iteration has ended, or where it failed
   */
  public Receipt receipt() {
    Receipt made = receipt;
    if (made == null) {
      throw new IllegalStateException("no receipt before the end: iterate to it first");
    }
    return made;
  }

  /** Cancels the generation unless it has ended, and frees its stream. */
  @Override
  public void close() {
    stream.cancel();
    stream.close();
  }

  /** Returns with a piece of text, or at the end. */
  private void awaitPiece() {
    while (piece.isEmpty() && !ended) {
      try {
        advance();
      } catch (StreamCancelled e) {
        end(FinishReason.CANCELLED);
      } catch (CleaveException e) {
        ended = true;
        stream.fail(e);
        throw e;
      }
    }
  }

  private void advance() {
    ServerMessage message = stream.next();
    switch (message.getMessageCase()) {
      case TOKEN -> accept(message.getToken());
      case DONE -> accept(message.getDone());
      case SAMPLED -> throw Protocol.broken("it answers steps that were not sent");
      case OPENED -> throw Protocol.broken("it opened the session twice");
      case MESSAGE_NOT_SET -> throw Protocol.broken("it sent a message of an unknown kind");
    }
  }

  private void accept(Token token) {
    if (stops.stopped()) {
      return; // under way when the stop string was found
    }
    int position = answer.size();
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
    keepLogits(token);
    ledger.token();
    answer.add(token.getId());
    piece = stops.push(detokenizer.push(token.getId()));
    if (stops.stopped()) {
      stream.cancel();
    }
  }

  private void keepLogits(Token token) {
    int bytes = token.getLogits().size();
    if (bytes != terms.logitsBytes()) {
      throw Protocol.broken(
          "it sent %d bytes of logits where %d were agreed".formatted(bytes, terms.logitsBytes()));
    }
    if (bytes > 0) {
      ByteBuffer values = ByteBuffer.wrap(token.getLogits().toByteArray());
      logits.add(values.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().asReadOnlyBuffer());
    }
  }

  private void accept(Done done) {
    if (stops.stopped()) {
      end(FinishReason.STOP);
      return;
    }
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
    if (done.getTokens() != answer.size()) {
      throw Protocol.broken(
          "it counts %d tokens, %d came"
              .formatted(Integer.toUnsignedLong(done.getTokens()), answer.size()));
    }
    end(reason);
  }

  private void end(FinishReason reason) {
    stream.complete();
    ledger.end();
    ended = true;
    FinishReason actual = stops.stopped() ? FinishReason.STOP : reason;
    piece = stops.push(detokenizer.finish());
    if (stops.stopped()) {
      actual = FinishReason.STOP;
    } else {
      piece += stops.finish();
    }
    finishReason = actual;
    receipt = makeReceipt(actual);
  }

  private Receipt makeReceipt(FinishReason reason) {
    WireTally tally = stream.tally();
    int tokens = answer.size();
    Long seed = terms.seed().isPresent() ? terms.seed().getAsLong() : null;
    return new Receipt(
        terms.bundleId(),
        stream.serverName(),
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
        new Receipt.Received(tokens, tally.messageBytesDown(), reason, seed),
        ledger.timing(tokens));
  }
}
