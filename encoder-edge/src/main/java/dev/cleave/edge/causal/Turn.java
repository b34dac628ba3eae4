package dev.cleave.edge.causal;

import dev.cleave.codec.Certificate;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.Protocol;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.edge.link.WireTally;
import dev.cleave.v1.Sampled;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One answer of a session as it comes. What is computed here and waited for happens on the thread
 * that advances, but for the prompt, which is computed on another.
 *
 * <p>A step sends the last token, which the server has sampled and not seen, and drafts of those
 * behind it. The server answers each position; the drafts that are what it answered one position
 * earlier stand, and the first answer behind them is the next step's token.
 *
 * <p>One thread advances; {@link #cancel}, {@link #close} and {@link #ended} may be called from
 * any.
 */
public final class Turn implements AutoCloseable {
  private final SplitSession session;
  private final TurnTerms terms;
  private final Executor executor;
  private final TurnLimit limit;
  private final TurnLedger ledger;
  private final DraftPolicy policy;
  private final int[] step = new int[LowerHalf.MAX_CHUNK];
  private final int[] drafts = new int[TurnTerms.MAX_DRAFTS];
  private volatile UpperHalf upper;
  private volatile @Nullable Prefill prefill;
  private boolean prompted;

  /** Where the conversation was before this turn. */
  private int begun;

  private int answered;

  /** What the server answered last, of which the ids from {@link #row} to {@link #rows} stand. */
  private Sampled sampled = Sampled.getDefaultInstance();

  private int row = -1;
  private int rows;
  private volatile @Nullable TurnEnd end;
  private volatile boolean failed;
  private @Nullable TurnReport report;

  Turn(SplitSession session, TurnTerms terms, Executor executor) {
    this.session = session;
    this.terms = terms;
    this.executor = executor;
    this.limit = TurnLimit.of(terms.deadline());
    this.ledger = new TurnLedger(session.clock);
    this.policy = new DraftPolicy(terms.drafts());
    this.upper = session.upper();
  }

  /** Adds to the conversation and begins to compute. */
  void start(int[] more) {
    begun = session.ids.size();
    session.ids.add(more);
    if (upper.hasAnswered()) {
      ledger.begin(upper.tally());
    }
    upper.limit(limit);
    try {
      startPrompt();
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
    return sampled.getIds(row);
  }

  /** Its logits, f32 [vocabulary], a copy; null where they were not asked for. */
  public @Nullable FloatBuffer logits() {
    int bytes = upper.terms().logitsBytes();
    if (bytes == 0) {
      return null;
    }
    byte[] values = sampled.getLogits().substring(row * bytes, (row + 1) * bytes).toByteArray();
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
    upper.wake();
    Prefill computing = prefill;
    if (computing != null) {
      computing.stop();
    }
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
    if (row + 1 >= rows) {
      if (answered >= terms.maxNewTokens()) {
        return finish(TurnEnd.LENGTH);
      }
      if (session.full()) {
        return finish(TurnEnd.CONTEXT_FULL);
      }
      ask();
    }
    row++;
    if (terms.endIds().contains(id())) {
      return finish(TurnEnd.END_ID);
    }
    session.ids.add(id());
    answered++;
    ledger.token();
    return true;
  }

  /** Asks for the next token, once more where the server has lost the session. */
  private void ask() {
    try {
      if (prompted) {
        step();
      } else {
        prompt();
      }
    } catch (CleaveException e) {
      if (!isLostSession(e)) {
        throw e;
      }
      endPrompt();
      ledger.lost(upper.tally());
      try {
        upper = session.reopen(e);
        upper.limit(limit);
        startPrompt();
        prompt();
      } catch (CleaveException again) {
        again.addSuppressed(e);
        throw again;
      }
    }
  }

  private boolean isLostSession(CleaveException e) {
    boolean ofStream = e.code() != Code.ENGINE && e.code() != Code.CLOSED;
    return ofStream
        && e.category() != Category.FATAL
        && upper.hasAnswered()
        && ledger.reopened == 0
        && !limit.expired();
  }

  /** Computes what either half lacks; of the last position at least the answer is wanted. */
  private void startPrompt() {
    int from = Math.min(session.lower.length(), Math.min(upper.length(), session.ids.size() - 1));
    session.lower.keep(from);
    upper.keep(from);
    try {
      prefill = Prefill.start(executor, session.lower, session.ids.from(from), from);
    } catch (RejectedExecutionException e) {
      throw CleaveException.fatal(Code.CLOSED, "this client is closed", "open another one")
          .causedBy(e);
    }
    if (limit.cancelled()) {
      endPrompt();
    }
  }

  private void prompt() {
    Prefill computing = prefill;
    if (computing == null) {
      throw new IllegalStateException("nothing is computed for this turn");
    }
    int perFrame = upper.framePositions();
    while (computing.hasNext()) {
      limit.requireLeft();
      Prefill.Chunk chunk = computing.take();
      FloatBuffer hidden = chunk.hidden();
      int width = hidden.remaining() / chunk.positions();
      for (int done = 0; done < chunk.positions(); done += perFrame) {
        int count = Math.min(perFrame, chunk.positions() - done);
        FloatBuffer rows = hidden.slice(done * width, count * width);
        ledger.sample.prompt(upper.prompt(rows, chunk.start() + done, count), rows, count);
        ledger.positions += count;
      }
      computing.recycle(chunk);
    }
    endPrompt();
    upper.endOfPrompt();
    ledger.roundTrips++;
    accept(upper.sampled(session.ids.size() - 1, 1), 1);
    ledger.prompted(upper.tally());
    prompted = true;
  }

  private void step() {
    int start = session.ids.size() - 1;
    int count = 1 + draft(start);
    long before = ledger.elapsedNanos();
    step[0] = session.ids.last();
    System.arraycopy(drafts, 0, step, 1, count - 1);
    FloatBuffer hidden = session.lower.chunks().getFirst();
    session.lower.append(step, 0, count, hidden);
    ledger.sample.step(upper.step(hidden, start, count), hidden, count);
    ledger.positions += count;
    ledger.roundTrips++;
    Sampled answer = upper.sampled(start, count);
    int stand = 0;
    while (stand < count - 1 && drafts[stand] == answer.getIds(stand)) {
      stand++;
    }
    session.lower.keep(start + 1 + stand);
    upper.keep(start + 1 + stand);
    long nanos = ledger.elapsedNanos() - before;
    if (count == 1) {
      policy.plain(nanos);
    } else {
      policy.drafted(count - 1, stand, nanos);
      ledger.draftsSent += count - 1;
      ledger.draftsAccepted += stand;
    }
    accept(answer, 1 + stand);
  }

  /** Drafts no more than could be answered. */
  private int draft(int start) {
    int most = Math.min(policy.limit(), terms.maxNewTokens() - answered - 1);
    most = Math.min(most, session.capacity() - start - 2);
    most = Math.min(most, Math.min(upper.terms().stepPositions(), upper.framePositions()) - 1);
    return most > 0 ? session.ids.draft(drafts, most) : 0;
  }

  private void accept(Sampled answer, int standing) {
    sampled = answer;
    row = -1;
    rows = standing;
  }

  /** After this nothing is computed on another thread. */
  private void endPrompt() {
    Prefill computing = prefill;
    if (computing != null) {
      computing.join();
      ledger.computed(computing.computeNanos());
      prefill = null;
    }
  }

  private boolean finish(TurnEnd why) {
    endPrompt();
    session.settle();
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
    endPrompt();
    session.dropUpper(failure);
    session.ids.truncate(begun);
    session.settle();
    failed = true;
    return failure;
  }
}
