package dev.cleave.edge.causal;

import dev.cleave.edge.link.WireTally;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What the report of a turn will say. Confined to whoever holds the session. */
final class TurnLedger {
  /** What a new stream has sent and received. */
  static final WireTally NOTHING = new WireTally(0, 0, 0, 0);

  private final LongSupplier clock;
  private final long startNanos;
  final FrameSample sample = new FrameSample();
  private WireTally before = NOTHING;
  private WireTally lost = NOTHING;
  private WireTally mark = NOTHING;
  private long promptBytesUp;
  private long promptBytesDown;
  private long computeNanos;
  private long firstTokenNanos;
  private long lastTokenNanos;
  private int tokens;
  int positions;
  int roundTrips;
  int draftsSent;
  int draftsAccepted;
  int reopened;

  TurnLedger(LongSupplier clock) {
    this.clock = clock;
    this.startNanos = clock.getAsLong();
  }

  long elapsedNanos() {
    return clock.getAsLong() - startNanos;
  }

  /** The turn goes on with a stream that has sent this already. */
  void begin(WireTally tally) {
    before = tally;
  }

  /** The stream that had sent this was lost. */
  void lost(WireTally tally) {
    lost = sum(tally);
    mark = lost;
    before = NOTHING;
    reopened++;
  }

  /** The prompt was sent and answered on a stream that has sent this now. */
  void prompted(WireTally tally) {
    WireTally now = sum(tally);
    promptBytesUp += firstUp(now) - firstUp(mark);
    promptBytesDown += now.messageBytesDown() - mark.messageBytesDown();
  }

  void computed(long nanos) {
    computeNanos += nanos;
  }

  void token() {
    tokens++;
    lastTokenNanos = elapsedNanos();
    if (firstTokenNanos == 0) {
      firstTokenNanos = lastTokenNanos;
    }
  }

  /** What the turn sent and received, on all its streams. */
  WireTally sum(WireTally now) {
    return new WireTally(
        lost.frames() + now.frames() - before.frames(),
        lost.frameBytesUp() + now.frameBytesUp() - before.frameBytesUp(),
        lost.messageBytesUp() + now.messageBytesUp() - before.messageBytesUp(),
        lost.messageBytesDown() + now.messageBytesDown() - before.messageBytesDown(),
        new WireTally.Again(
            lost.again().reopened() + now.again().reopened() - before.again().reopened(),
            lost.again().messageBytesUp()
                + now.again().messageBytesUp()
                - before.again().messageBytesUp()));
  }

  TurnReport report(
      UpperHalf upper, WireTally tally, TurnReport.@Nullable Measured measured, long totalNanos) {
    return new TurnReport(
        upper.serverName(),
        upper.terms().codec(),
        new TurnReport.Sent(
            tally,
            positions,
            roundTrips,
            new TurnReport.Drafts(draftsSent, draftsAccepted),
            perStepToken(firstUp(tally) - promptBytesUp),
            perStepToken(tally.messageBytesDown() - promptBytesDown),
            reopened + tally.again().reopened()),
        measured,
        new TurnReport.Times(computeNanos, firstTokenNanos, lastTokenNanos, totalNanos, tokens));
  }

  /** What was sent for the first time. */
  private static long firstUp(WireTally tally) {
    return tally.messageBytesUp() - tally.again().messageBytesUp();
  }

  /** The first token is the prompt's. */
  private double perStepToken(long bytes) {
    return roundTrips > 1 + reopened && tokens > 1 ? (double) bytes / (tokens - 1) : 0;
  }
}
