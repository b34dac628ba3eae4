package dev.cleave.edge.replay;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.TurnLimit;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How long whoever uses a session waits: as the caller allows for all of it and for this turn, and
 * no longer than a silent server or a recovery may take. What is shortest becomes the limit of the
 * stream in use, its window. Confined to who holds the session's lock.
 */
final class Patience {
  private final Recovery recovery;
  private final TurnLimit whole;
  private TurnLimit turn = TurnLimit.NONE;
  private TurnLimit recovering = TurnLimit.NONE;
  private TurnLimit window = TurnLimit.NONE;

  /** The deadline of the whole begins now. */
  Patience(Recovery recovery, Optional<Duration> deadline) {
    this.recovery = recovery;
    this.whole = TurnLimit.of(deadline);
  }

  /** What is left of the whole. */
  Optional<Duration> left() {
    return whole.left();
  }

  /** The caller's limit from now on. */
  void limit(TurnLimit limit) {
    turn = limit;
  }

  /** A server was lost; the recovery that goes on already goes on. */
  void lost() {
    if (recovering == TurnLimit.NONE) {
      recovering = TurnLimit.of(Optional.of(recovery.budget()));
    }
  }

  /** A server has answered what was new. */
  void progressed() {
    recovering = TurnLimit.NONE;
  }

  /** Lets a stream wait from now on as long as all of this allows. */
  void arm(DecoderStream stream) {
    Duration least =
        Stream.of(whole, turn, recovering)
            .flatMap(it -> it.left().stream())
            .reduce(recovery.stall(), (a, b) -> a.compareTo(b) < 0 ? a : b);
    window = TurnLimit.of(Optional.of(least));
    if (turn.cancelled()) {
      window.cancel();
    }
    stream.limit(window);
  }

  /** Tells the stream that waits within the window that nobody wants the turn any more. */
  void wake() {
    if (turn.cancelled() && window != TurnLimit.NONE) {
      window.cancel();
    }
  }

  /** Whether this failure says nothing but that a limit has passed on this device. */
  static boolean isLimit(CleaveException failure) {
    return failure.code() == Code.DEADLINE && failure.getCause() == null;
  }

  /** Whether the stream in use has waited as long as it may. */
  boolean windowIsOver() {
    return window.expired();
  }

  /** Nanoseconds to wait at once, of these. */
  long capped(long nanos) {
    return Stream.of(whole, turn, recovering)
        .flatMap(it -> it.left().stream())
        .map(Duration::toNanos)
        .reduce(nanos, Math::min);
  }

  /** Returns while the caller wants to wait. */
  void requireWanted() {
    whole.requireLeft();
    turn.requireLeft();
  }

  /** Whether a recovery has taken too long. */
  boolean overspent() {
    return recovering.expired();
  }

  /** What to say then. */
  CleaveException overspent(CleaveException why) {
    return CleaveException.of(
            why.code(),
            Category.RETRY,
            "gave up the session as no server went on with it for %s (--recovery-timeout), the last: %s"
                .formatted(text(recovery.budget()), why.getMessage()),
            "or allow more")
        .causedBy(why);
  }

  /** The failure of a server that owes an answer and does not give it. */
  CleaveException stalled() {
    return CleaveException.of(
        Code.LINK,
        Category.REOPEN_SESSION,
        "the server owes an answer and said nothing for %s (--stall)"
            .formatted(text(recovery.stall())),
        "check that it is not stuck, or allow more");
  }

  private static String text(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }
}
