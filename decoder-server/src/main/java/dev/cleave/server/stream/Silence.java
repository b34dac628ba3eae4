package dev.cleave.server.stream;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * For how long a client has kept the server waiting. Time in which the server itself does not read
 * is not counted. Guarded by the stream's lock.
 *
 * <p>The parts of one prompt are waited for all together as well: who sends a little just before
 * each idle time-out would otherwise keep a slot as long as it likes.
 */
final class Silence {

  private final LongSupplier nanoClock;
  private final long mostForPromptNanos;
  private @Nullable Intake intake;
  private long lastMessageNanos;
  private long promptNanos;

  /**
   * @param mostForPromptNanos for all the pauses within one prompt
   */
  Silence(LongSupplier nanoClock, long mostForPromptNanos) {
    this.nanoClock = nanoClock;
    this.mostForPromptNanos = mostForPromptNanos;
    this.lastMessageNanos = nanoClock.getAsLong();
  }

  /** The session has what it needs, and reads from now on. */
  void sessionStarts(Intake taking) {
    intake = taking;
    lastMessageNanos = nanoClock.getAsLong();
  }

  /** A message came. */
  void message(@Nullable Exchange live) {
    if (live != null) {
      promptNanos = live.awaitsPrompt() ? promptNanos + nanos() : 0;
    }
    lastMessageNanos = nanoClock.getAsLong();
  }

  /** For how long it has been the client's turn to send, as far as the stream can tell. */
  long nanos() {
    long silent = nanoClock.getAsLong() - lastMessageNanos;
    Intake taking = intake;
    return taking == null ? silent : Math.min(silent, taking.openNanos());
  }

  /** Whether it is too long for this session, or its prompt has taken too long with it. */
  boolean isTooLong(Exchange live) {
    return live.isLate(nanos())
        || (live.awaitsPrompt() && promptNanos + nanos() > mostForPromptNanos);
  }
}
