package dev.cleave.server.causal;

import dev.cleave.server.session.RowQueue;
import dev.cleave.server.upper.Segment;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A session in its slot: the frames that wait, in order. Confined to the owner thread.
 *
 * <p>The last row of a prompt waits until it is known what follows: when that is the end of the
 * prompt, the row's logits are needed, and computing it twice would cost a step.
 */
final class Lane {

  /** What is left of a frame. */
  private static final class Piece {
    final boolean step;
    int row;
    int start;
    int positions;
    boolean answered;
    long askedNanos;

    Piece(RowQueue.Extent extent, int start, boolean step) {
      this.row = extent.row();
      this.start = start;
      this.positions = extent.positions();
      this.step = step;
      this.answered = step;
    }

    int end() {
      return start + positions;
    }
  }

  final CausalSession session;
  final int slot;
  private final ArrayDeque<Piece> pieces = new ArrayDeque<>();
  private int awaited;
  private boolean finishing;
  private int waitingRows;
  // Of the planner: since when its step waits, 0 for none.
  long waitsSince;
  // What the session got.
  private int tokens;
  private long firstAskedNanos;
  private long askedNanos;
  private long firstTokenNanos;
  private long lastTokenNanos;

  Lane(CausalSession session, int slot) {
    this.session = session;
    this.slot = slot;
  }

  void prompt(RowQueue.Extent extent, int start) {
    pieces.addLast(new Piece(extent, start, false));
    waitingRows += extent.positions();
  }

  void step(RowQueue.Extent extent, int start, long nowNanos) {
    pieces.addLast(new Piece(extent, start, true));
    waitingRows += extent.positions();
    asked(pieces.getLast(), nowNanos);
  }

  /** A token is asked for the last row of the prompt, which is still there. */
  void endOfPrompt(long nowNanos) {
    pieces.getLast().answered = true;
    asked(pieces.getLast(), nowNanos);
  }

  /** It ends when all that was asked for is answered. */
  void finish() {
    finishing = true;
  }

  boolean finished() {
    return finishing && awaited == 0;
  }

  int waitingRows() {
    return waitingRows;
  }

  /** The positions of the step that is next, or 0 when a prompt or nothing is. */
  int readyStep() {
    Piece head = pieces.peekFirst();
    return head != null && head.step ? head.positions : 0;
  }

  /** Rows of prompts that can be computed at once, up to the one whose token is asked for. */
  int readyPrompt() {
    int ready = 0;
    Piece before = null;
    for (Piece piece : pieces) {
      if (piece.step || !follows(before, piece)) {
        return ready;
      }
      ready += piece.positions;
      before = piece;
    }
    return before == null || before.answered ? ready : ready - 1;
  }

  /** Whether one segment can hold both. */
  private static boolean follows(@Nullable Piece before, Piece piece) {
    return before == null || (!before.answered && before.end() == piece.start);
  }

  /**
   * Takes the next rows, as many as are ready or fewer.
   *
   * @param into gets them at its position, which moves behind them
   */
  Segment take(int positions, FloatBuffer into) {
    int start = pieces.getFirst().start;
    int left = positions;
    int answers = 0;
    while (left > 0) {
      Piece piece = pieces.getFirst();
      int count = Math.min(left, piece.positions);
      into.put(session.rows().rows(piece.row, count));
      piece.row += count;
      piece.start += count;
      piece.positions -= count;
      left -= count;
      if (piece.positions == 0) {
        if (piece.answered) {
          answers = piece.step ? positions : 1;
          askedNanos = piece.askedNanos;
        }
        pieces.removeFirst();
        session.rows().release();
      }
    }
    waitingRows -= positions;
    waitsSince = 0;
    return new Segment(slot, start, positions, answers);
  }

  /** How long ago the answer was asked for whose rows were taken last. */
  long waitedNanos(long nowNanos) {
    return nowNanos - askedNanos;
  }

  /** Counts an answer. */
  void answered(int count, long nowNanos) {
    awaited--;
    if (tokens == 0) {
      firstTokenNanos = nowNanos;
    }
    tokens += count;
    lastTokenNanos = nowNanos;
  }

  SessionEnd.Tally tally() {
    return tokens == 0
        ? new SessionEnd.Tally(0, 0, 0)
        : new SessionEnd.Tally(
            tokens, firstTokenNanos - firstAskedNanos, lastTokenNanos - firstAskedNanos);
  }

  private void asked(Piece piece, long nowNanos) {
    if (awaited == 0 && tokens == 0) {
      firstAskedNanos = nowNanos;
    }
    piece.askedNanos = nowNanos;
    awaited++;
  }
}
