package dev.cleave.server.stream;

import dev.cleave.server.admission.Refused;
import dev.cleave.wire.WireReason;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How long one session may last: up to an age, and no longer than the token that let it in counts.
 * At the end of either its device is to open it again, which takes a valid token. Guarded by the
 * stream's lock.
 */
final class Lifetime {

  /** How long a session may go on with answers that follow on each other. */
  private static final Duration OVER_AND_BUSY = Duration.ofMinutes(1);

  private final SessionHost host;
  private final Instant tokenEnd;
  private boolean started;
  private long startedNanos;

  /**
   * @param tokenEnd with what the clocks may differ by
   */
  Lifetime(SessionHost host, Instant tokenEnd) {
    this.host = host;
    this.tokenEnd = tokenEnd;
  }

  /** The session has what it needs; its age counts from now. */
  void start() {
    started = true;
    startedNanos = host.nanoClock().getAsLong();
  }

  /**
   * What a session has to move for by now: between two answers if there is a time between them,
   * else some time later. Null while it may go on.
   *
   * @param quiet whether it would interrupt no answer
   */
  @Nullable Refused over(boolean quiet) {
    Duration grace = quiet ? Duration.ZERO : OVER_AND_BUSY;
    if (!host.clock().wall().instant().minus(grace).isBefore(tokenEnd)) {
      return move(
          "the token that the session was opened with is over: get a new one, open the"
              + " session again and go on");
    }
    Duration age = host.times().clients().age();
    if (started && host.nanoClock().getAsLong() - startedNanos > age.toNanos() + grace.toNanos()) {
      return move("the session has lasted for %s: open it again and go on".formatted(age));
    }
    return null;
  }

  private static Refused move(String why) {
    return new Refused(WireReason.DRAINING, why);
  }
}
