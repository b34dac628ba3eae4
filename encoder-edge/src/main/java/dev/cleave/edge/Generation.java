package dev.cleave.edge;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.SessionId;
import dev.cleave.edge.text.StopScanner;
import dev.cleave.edge.text.StreamingDetokenizer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
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
  private final TokenSource source;
  private final StreamingDetokenizer detokenizer;
  private final StopScanner stops;
  private final TokenIds answer = new TokenIds();
  private final List<FloatBuffer> logits = Collections.synchronizedList(new ArrayList<>());

  /** The piece to give next; confined to the iterating thread like {@link #ended}. */
  private String piece = "";

  private boolean ended;
  private volatile @Nullable SessionId session;
  private volatile @Nullable FinishReason finishReason;
  private volatile @Nullable Receipt receipt;

  Generation(TokenSource source, List<String> stops, StreamingDetokenizer detokenizer) {
    this.source = source;
    this.detokenizer = detokenizer;
    this.stops = new StopScanner(stops);
  }

  /** This as the answer of a session that may be resumed. */
  Generation of(SessionId id) {
    session = id;
    return this;
  }

  /** The session that may be resumed by this name; empty where nothing is kept of it. */
  public Optional<SessionId> session() {
    return Optional.ofNullable(session);
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
    source.cancel();
  }

  /**
   * Ends the answer here as the end of the process would: the iteration fails, and where a session
   * is kept it may be resumed, by this process as well. What does that when the process is told to
   * end.
   */
  public void leave() {
    source.leave(
        CleaveException.fatal(
            Code.CLOSED,
            "the answer was left before its end",
            session == null ? "generate again" : "resume its session"));
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

  /** Whether the answer has ended and did not fail: then there are a reason and a receipt. */
  public boolean finished() {
    return finishReason != null;
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

  /** Cancels the generation unless it has ended, and frees what it holds. */
  @Override
  public void close() {
    source.close();
  }

  /** Returns with a piece of text, or at the end. */
  private void awaitPiece() {
    while (piece.isEmpty() && !ended) {
      try {
        advance();
      } catch (CleaveException e) {
        ended = true;
        throw e;
      }
    }
  }

  private void advance() {
    switch (source.next()) {
      case TokenSource.Answered token -> accept(token);
      case TokenSource.Ended(FinishReason reason) -> end(reason);
    }
  }

  private void accept(TokenSource.Answered token) {
    if (stops.stopped()) {
      return; // under way when the stop string was found
    }
    if (token.logits() != null) {
      logits.add(token.logits());
    }
    answer.add(token.id());
    piece = stops.push(detokenizer.push(token.id()));
    if (stops.stopped()) {
      source.cancel();
    }
  }

  private void end(FinishReason reason) {
    ended = true;
    FinishReason actual = stops.stopped() ? FinishReason.STOP : reason;
    piece = stops.push(detokenizer.finish());
    if (stops.stopped()) {
      actual = FinishReason.STOP;
    } else {
      piece += stops.finish();
    }
    receipt = source.receipt(actual, answer.size());
    finishReason = actual;
  }
}
