package dev.cleave.edge.causal;

import dev.cleave.codec.Certificate;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.Protocol;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.edge.link.WireTally;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One answer of a session as it comes. What is computed here and waited for happens on the thread
 * that advances, but for the prompt, which is computed on another. Where the answer ends is decided
 * here; what is sent for it is up to {@link TurnExchange}.
 *
 * <p>One thread advances; {@link #cancel}, {@link #leave}, {@link #close} and {@link #ended} may be
 * called from any.
 */
public final class Turn implements AutoCloseable {
  private final SplitSession session;
  private final TurnTerms terms;
  private final TurnLimit limit;
  private final TurnExchange exchange;

  /** Where the conversation was before this turn. */
  private int begun;

  private int answered;

  /** Of the ids that stand, the one that was advanced to; -1 before the first. */
  private int row = -1;

  private volatile @Nullable TurnEnd end;
  private volatile boolean failed;
  private @Nullable TurnReport report;

  Turn(SplitSession session, TurnTerms terms, Executor executor) {
    this.session = session;
    this.terms = terms;
    this.limit = TurnLimit.of(terms.deadline());
    this.exchange = new TurnExchange(session, terms, executor, limit);
  }

  /** Adds to the conversation and begins to compute. */
  void start(int[] more) {
    begun = session.ids.size();
    session.ids.add(more);
    try {
      exchange.start();
    } catch (RuntimeException e) {
      session.ids.truncate(begun);
      throw e;
    }
  }

  /**
   * Waits for the next token.
   *
   * @return whether there is one, see {@link #id}; else the turn has ended, see {@link #end}
   * @throws CleaveException when the turn has failed; the conversation is then what it was before
   *     the turn, and the same turn may be begun once more if the category says so
   */
  public boolean advance() {
    session.gate.lock();
    try {
      if (ended()) {
        return false;
      }
      return !limit.cancelled() ? answer() : finish(TurnEnd.CANCELLED);
    } catch (StreamCancelled e) {
      if (limit.cancelled()) {
        return finish(TurnEnd.CANCELLED);
      }
      throw fail(Protocol.broken("it answered before it opened the session"));
    } catch (CleaveException e) {
      throw fail(e);
    } catch (RuntimeException | OutOfMemoryError e) {
      throw fail(
          CleaveException.fatal(
                  Code.ENGINE,
                  "could not compute or code a step behind %d positions"
                      .formatted(session.ids.size()),
                  "try another codec, or report this with the output of --verbose")
              .causedBy(e));
    } finally {
      session.gate.unlock();
    }
  }

  /** The token that {@link #advance} has found. */
  public int id() {
    return exchange.answer().getIds(row);
  }

  /** Its logits, f32 [vocabulary], a copy; null where they were not asked for. */
  public @Nullable FloatBuffer logits() {
    int bytes = exchange.upper().terms().logitsBytes();
    if (bytes == 0) {
      return null;
    }
    byte[] values =
        exchange.answer().getLogits().substring(row * bytes, (row + 1) * bytes).toByteArray();
    return ByteBuffer.wrap(values)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .asReadOnlyBuffer();
  }

  /** Whether the turn has ended, well or not. */
  public boolean ended() {
    return failed || end != null;
  }

  /** Why the turn ended; null before, and where it failed. */
  public @Nullable TurnEnd end() {
    return end;
  }

  /** What was sent, received and how long it took; null before the end, and where it failed. */
  public @Nullable TurnReport report() {
    return report;
  }

  /** Wants no more: whoever advances learns that soon. */
  public void cancel() {
    limit.cancel();
    exchange.wake();
  }

  /** Abandons the stream: whoever advances fails with this. */
  public void leave(CleaveException why) {
    exchange.leave(why);
  }

  /** Cancels the turn unless it has ended, and waits until nothing is computed for it. */
  @Override
  public void close() {
    if (ended()) {
      return;
    }
    cancel();
    session.gate.lock();
    try {
      if (!ended()) {
        finish(TurnEnd.CANCELLED);
      }
    } finally {
      session.gate.unlock();
    }
  }

  private boolean answer() {
    if (row + 1 >= exchange.standing()) {
      if (answered >= terms.maxNewTokens()) {
        return finish(TurnEnd.LENGTH);
      }
      if (session.full()) {
        return finish(TurnEnd.CONTEXT_FULL);
      }
      exchange.ask(terms.maxNewTokens() - answered);
      row = -1;
    }
    row++;
    if (terms.endIds().contains(id())) {
      return finish(TurnEnd.END_ID);
    }
    session.ids.add(id());
    answered++;
    exchange.ledger().token();
    return true;
  }

  private boolean finish(TurnEnd why) {
    exchange.endPrompt();
    session.settle();
    UpperHalf upper = exchange.upper();
    TurnLedger ledger = exchange.ledger();
    long total = ledger.elapsedNanos();
    WireTally tally = ledger.sum(upper.tally());
    TurnReport.Measured measured = null;
    if (ledger.sample.positions() > 0) {
      Certificate certificate = ledger.sample.measure(upper.terms().codec());
      measured = new TurnReport.Measured(certificate, ledger.elapsedNanos() - total);
    }
    report = ledger.report(upper, tally, measured, total);
    end = why;
    return false;
  }

  private CleaveException fail(CleaveException failure) {
    exchange.endPrompt();
    session.dropUpper(failure);
    session.ids.truncate(begun);
    session.settle();
    failed = true;
    return failure;
  }
}
