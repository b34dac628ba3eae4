package dev.cleave.edge.causal;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.v1.Sampled;
import java.nio.FloatBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What one turn sends and is answered: the prompt, then steps.
 *
 * <p>A step sends the last token, which the server has sampled and not seen, and drafts of those
 * behind it. The server answers each position; the drafts that are what it answered one position
 * earlier stand, and the first answer behind them is the next step's token.
 *
 * <p>Confined to whoever holds the session, but for {@link #wake} and {@link #leave}.
 */
final class TurnExchange {
  private final SplitSession session;
  private final Executor executor;
  private final TurnLimit limit;
  private final TurnLedger ledger;
  private final DraftPolicy policy;
  private final int[] step = new int[LowerHalf.MAX_CHUNK];
  private final int[] drafts = new int[TurnTerms.MAX_DRAFTS];
  private volatile UpperHalf upper;
  private volatile @Nullable Prefill prefill;
  private boolean prompted;
  private Sampled answer = Sampled.getDefaultInstance();
  private int standing;

  TurnExchange(SplitSession session, TurnTerms terms, Executor executor, TurnLimit limit) {
    this.session = session;
    this.executor = executor;
    this.limit = limit;
    this.ledger = new TurnLedger(session.clock);
    this.policy = new DraftPolicy(terms.drafts());
    this.upper = session.upper();
  }

  /** Begins to compute what the conversation has and either half lacks. */
  void start() {
    if (upper.hasAnswered()) {
      ledger.begin(upper.tally());
    }
    upper.limit(limit);
    startPrompt();
  }

  TurnLedger ledger() {
    return ledger;
  }

  UpperHalf upper() {
    return upper;
  }

  /** What the server answered last. */
  Sampled answer() {
    return answer;
  }

  /** How many ids of {@link #answer}, from its first on, are the answer's. */
  int standing() {
    return standing;
  }

  /** Lets whoever waits look at the limit again, and computes nothing more. From any thread. */
  void wake() {
    upper.wake();
    Prefill computing = prefill;
    if (computing != null) {
      computing.stop();
    }
  }

  /** Abandons the stream, on which whoever waits or sends next fails with this. From any thread. */
  void leave(CleaveException why) {
    upper.fail(why);
  }

  /**
   * Asks for the next token, once more where the server has lost the session.
   *
   * @param left tokens that may still be answered, at least 1
   */
  void ask(int left) {
    try {
      if (prompted) {
        step(left);
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
    answer = upper.sampled(session.ids.size() - 1, 1);
    standing = 1;
    ledger.prompted(upper.tally());
    prompted = true;
  }

  private void step(int left) {
    int start = session.ids.size() - 1;
    int count = 1 + draft(start, left);
    long before = ledger.elapsedNanos();
    step[0] = session.ids.last();
    System.arraycopy(drafts, 0, step, 1, count - 1);
    FloatBuffer hidden = session.lower.chunks().getFirst();
    session.lower.append(step, 0, count, hidden);
    ledger.sample.step(upper.step(hidden, start, count), hidden, count);
    ledger.positions += count;
    ledger.roundTrips++;
    answer = upper.sampled(start, count);
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
    standing = 1 + stand;
  }

  /** Drafts no more than could be answered. */
  private int draft(int start, int left) {
    int most = Math.min(policy.limit(), left - 1);
    most = Math.min(most, session.capacity() - start - 2);
    most = Math.min(most, Math.min(upper.terms().stepPositions(), upper.framePositions()) - 1);
    return most > 0 ? session.ids.draft(drafts, most) : 0;
  }

  /** After this nothing is computed on another thread. */
  void endPrompt() {
    Prefill computing = prefill;
    if (computing != null) {
      computing.join();
      ledger.computed(computing.computeNanos());
      prefill = null;
    }
  }
}
