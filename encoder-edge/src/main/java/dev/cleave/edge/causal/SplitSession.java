package dev.cleave.edge.causal;

import dev.cleave.edge.engine.LowerEngine;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One conversation on both halves of a model: the ids of all its turns, the KV of the lower layers
 * here, and the stream to the server that holds the KV of the upper ones. The ids are the truth:
 * whatever either half has lost is computed from them again.
 *
 * <p>Thread-safe in that one thread at a time does what changes it and the others wait; but there
 * is one turn at a time, and whoever begins another before it has ended is refused.
 */
public final class SplitSession implements AutoCloseable {
  /** Held by whoever changes anything in here, for as long as that takes. */
  final ReentrantLock gate = new ReentrantLock();

  final Conversation ids = new Conversation();
  final LowerHalf lower;
  final LongSupplier clock;
  private final DecoderLink link;
  private final Executor executor;
  private final int positions;
  private @Nullable UpperHalf upper;
  private volatile @Nullable Turn turn;
  private boolean closed;

  private SplitSession(
      LowerHalf lower, DecoderLink link, Executor executor, int positions, LongSupplier clock) {
    this.lower = lower;
    this.link = link;
    this.executor = executor;
    this.positions = positions;
    this.clock = clock;
  }

  /**
   * A new session; the caller closes it. Nothing is sent before the first turn.
   *
   * @param executor of a thread for each prompt, which computes in native code
   * @param positions room for prompts and answers of all turns, at least 2
   * @throws CleaveException when there is no memory for its KV
   */
  public static SplitSession open(
      LowerEngine engine, DecoderLink link, Executor executor, int positions) {
    return open(engine, link, executor, positions, System::nanoTime);
  }

  /** As above, with a clock in nanoseconds, by which drafts pay or do not. */
  static SplitSession open(
      LowerEngine engine, DecoderLink link, Executor executor, int positions, LongSupplier clock) {
    return new SplitSession(LowerHalf.open(engine, positions), link, executor, positions, clock);
  }

  /** Positions there is room for. */
  public int capacity() {
    return positions;
  }

  /** Ids so far, of prompts and answers. */
  public int length() {
    gate.lock();
    try {
      return ids.size();
    } finally {
      gate.unlock();
    }
  }

  /** The ids so far. A copy. */
  public int[] ids() {
    gate.lock();
    try {
      return ids.from(0);
    } finally {
      gate.unlock();
    }
  }

  /**
   * Takes back all from this position on.
   *
   * @param position in {@code [0, length()]}
   * @throws IllegalStateException while a turn goes on
   */
  public void truncate(int position) {
    gate.lock();
    try {
      requireIdle();
      if (position < 0 || position > ids.size()) {
        throw new IllegalArgumentException(
            "position must be in [0, %d], got %d".formatted(ids.size(), position));
      }
      ids.truncate(position);
      settle();
    } finally {
      gate.unlock();
    }
  }

  /**
   * Begins a turn: what {@code more} adds to the conversation is computed from now on, and sent as
   * the turn is advanced.
   *
   * @param more may be empty where there are ids already: then the last is answered once more
   * @throws CleaveException with {@link Code#INPUT} when there is nothing to answer or no room
   * @throws IllegalStateException while another turn goes on
   */
  public Turn begin(int[] more, SessionTerms terms, TurnTerms turnTerms) {
    gate.lock();
    try {
      requireIdle();
      return begin(ids.size(), more, terms, turnTerms);
    } finally {
      gate.unlock();
    }
  }

  /** Begins a turn on a whole conversation, of which only what is new here is computed and sent. */
  public Turn beginWith(int[] whole, SessionTerms terms, TurnTerms turnTerms) {
    gate.lock();
    try {
      requireIdle();
      int common = ids.common(whole);
      int[] more = Arrays.copyOfRange(whole, common, whole.length);
      return begin(common, more, terms, turnTerms);
    } finally {
      gate.unlock();
    }
  }

  private Turn begin(int kept, int[] more, SessionTerms terms, TurnTerms turnTerms) {
    requireRoom(kept, more.length);
    for (int id : more) {
      if (id < 0 || id >= terms.vocabulary()) {
        throw new IllegalArgumentException(
            "ids must be in [0, %d): the tokenizer is of another model"
                .formatted(terms.vocabulary()));
      }
    }
    ids.truncate(kept);
    settle();
    if (upper == null || !upper.terms().open().equals(terms.open())) {
      closeUpper();
      upper = UpperHalf.open(link, terms);
    }
    Turn begun = new Turn(this, turnTerms, executor);
    begun.start(more);
    turn = begun;
    return begun;
  }

  /** Whether another id would have no place. */
  boolean full() {
    return ids.size() >= positions;
  }

  UpperHalf upper() {
    if (upper == null) {
      throw new IllegalStateException("a turn goes on without a stream");
    }
    return upper;
  }

  /** Neither half keeps what the conversation has not. */
  void settle() {
    lower.keep(ids.size());
    if (upper != null) {
      upper.keep(ids.size());
    }
  }

  /** Opens another stream in the place of one that was lost. */
  UpperHalf reopen(CleaveException failure) {
    SessionTerms terms = upper().terms();
    dropUpper(failure);
    upper = UpperHalf.open(link, terms);
    return upper;
  }

  /** Abandons the stream; the next turn opens another. */
  void dropUpper(CleaveException failure) {
    if (upper != null) {
      upper.fail(failure);
      upper = null;
    }
  }

  /** Cancels what goes on, closes the stream and frees the KV of this device. Idempotent. */
  @Override
  public void close() {
    Turn running = turn;
    if (running != null) {
      running.close();
    }
    gate.lock();
    try {
      if (!closed) {
        closed = true;
        if (turn != null) {
          turn.close();
        }
        closeUpper();
        lower.close();
      }
    } finally {
      gate.unlock();
    }
  }

  private void closeUpper() {
    if (upper != null) {
      upper.close();
      upper = null;
    }
  }

  private void requireIdle() {
    if (closed) {
      throw CleaveException.fatal(Code.CLOSED, "this session is closed", "open another one");
    }
    Turn running = turn;
    if (running != null && !running.ended()) {
      throw new IllegalStateException(
          "the answer before has not ended: iterate to its end, or close it");
    }
  }

  private void requireRoom(int kept, int more) {
    if (kept + more == 0) {
      throw CleaveException.fatal(
          Code.INPUT, "the conversation is empty: there is nothing to answer", "give some text");
    }
    if (more >= positions - kept) {
      throw CleaveException.fatal(
          Code.INPUT,
          "%d positions and %d new ones leave no room for an answer in a context of %d"
              .formatted(kept, more, positions),
          "shorten the text, begin another conversation, or split the model with a larger limit");
    }
  }
}
