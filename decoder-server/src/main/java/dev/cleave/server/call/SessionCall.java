package dev.cleave.server.call;

import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.causal.CausalSession;
import dev.cleave.server.causal.SegmentScheduler;
import dev.cleave.server.entrance.Ticket;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.RowQueue;
import dev.cleave.server.stream.Exchange;
import dev.cleave.server.stream.Line;
import dev.cleave.server.stream.Opening;
import dev.cleave.server.stream.SessionHost;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The session of a causal model: takes prompts and steps, several of them at a time if the client
 * likes, until the client closes its side, cancels, or goes away.
 *
 * <p>The engine's thread enters by {@link SessionAnswers} alone. KV slot and rows belong to the
 * scheduler, which gives them back before the step that follows the end of the session.
 */
public final class SessionCall implements Exchange {

  /**
   * What causal sessions are held to, beside the limits of all.
   *
   * @param stepPositions the most positions of one step
   * @param sessionTimeout how long a client may wait between two turns
   */
  public record Limits(int stepPositions, Duration sessionTimeout) {}

  /** Extents of a full frame that a session's queue holds; each may be a message on its way. */
  private static final int FRAMES = 4;

  private static final long QUIET_NANOS = Duration.ofSeconds(1).toNanos();

  private final Line line;
  private final Start start;
  private final CausalSession session;
  private final SessionReceiver receiver;
  private final SessionAnswers answers;
  private boolean serving = true;

  private SessionCall(Line line, Start start, Ticket.Granted<RowQueue> granted) {
    this.line = line;
    this.start = start;
    this.answers =
        new SessionAnswers(line.outbox(), host().metrics(), host().nanoClock(), line.askForMore());
    this.session =
        new CausalSession(
            new CausalSession.Request(
                line.tenancy(), start.accepted.sampling(), start.accepted.wantLogits()),
            granted.slot(),
            granted.memory(),
            answers);
    this.receiver =
        new SessionReceiver(granted.memory(), start.accepted, start.stepPositions, host().policy());
  }

  /** How an Open of this kind of model is checked and started. */
  static Opening.Rule rule(OpenPolicy policy, SegmentScheduler scheduler, Limits limits) {
    return (message, accepted) ->
        new Start(
            scheduler,
            policy,
            limits,
            accepted,
            policy.stepPositions(message, limits.stepPositions()));
  }

  private record Start(
      SegmentScheduler scheduler,
      OpenPolicy policy,
      Limits limits,
      OpenPolicy.Accepted accepted,
      int stepPositions)
      implements Opening<RowQueue> {

    @Override
    public int kvPositions() {
      return accepted.promptPositions();
    }

    @Override
    public long memoryBytes() {
      return (long) FRAMES * framePositions() * policy.width() * Float.BYTES;
    }

    @Override
    public @Nullable RowQueue allocate(PromptBudget budget) {
      return RowQueue.tryAllocate(budget, FRAMES * framePositions(), policy.width());
    }

    int framePositions() {
      return Math.min(
          accepted.promptPositions(), policy.frames().positionsPerFrame(accepted.codec()));
    }

    @Override
    public StreamSpec codec() {
      return accepted.codec();
    }

    @Override
    public Exchange start(Line line, Ticket.Granted<RowQueue> granted) {
      SessionCall call = new SessionCall(line, this, granted);
      scheduler.join(call.session);
      return call;
    }
  }

  @Override
  public void receive(Uplink message) {
    if (!serving) {
      return; // was on its way when the client closed its side or cancelled
    }
    switch (message) {
      case Uplink.Hidden it -> hidden(it.frame());
      case Uplink.Step it -> step(it.frame());
      case Uplink.EndOfPrompt it -> endOfPrompt(it.positions());
      case Uplink.Cancel _ -> stop(); // the scheduler answers with Done once the slot is free
      case Uplink.OpenSession _, Uplink.Invalid _ ->
          throw new Refused(WireReason.MESSAGE_ORDER, "a second Open: a stream is one session");
    }
  }

  @Override
  public void clientClosed() {
    if (serving) {
      serving = false;
      start.scheduler.finish(session);
    }
  }

  private void hidden(ByteBuffer frame) {
    int encodedBytes = frame.remaining();
    SessionReceiver.Rows rows = receiver.prompt(frame);
    if (rows != null) {
      host().metrics().frame(encodedBytes, rows.extent().positions());
      start.scheduler.prompt(session, rows.extent(), rows.start());
    }
  }

  private void step(ByteBuffer frame) {
    int encodedBytes = frame.remaining();
    SessionReceiver.Rows rows = receiver.step(frame);
    if (rows != null) {
      host().metrics().stepFrame(encodedBytes);
      answers.ask();
      start.scheduler.step(session, rows.extent(), rows.start());
    }
  }

  private void endOfPrompt(int positions) {
    receiver.endOfPrompt(positions);
    answers.ask();
    start.scheduler.endOfPrompt(session);
  }

  @Override
  public void stop() {
    serving = false;
    start.scheduler.stop(session); // ignored when it has left
  }

  /** None while the client leaves answers unread, so that what it is owed stays bounded. */
  @Override
  public int room() {
    return line.outbox().isEmpty() ? session.rows().extentsThatFit(start.framePositions()) : 0;
  }

  @Override
  public boolean isLate(long silentNanos) {
    long silent = Math.min(silentNanos, sinceAnswerNanos());
    return serving
        && !answers.outstanding()
        && silent
            > (receiver.midPrompt() ? host().policy().limits().idleTimeout() : sessionTimeout())
                .toNanos();
  }

  @Override
  public boolean awaitsPrompt() {
    return serving && receiver.midPrompt();
  }

  @Override
  public boolean isQuiet(long silentNanos) {
    return serving
        && !answers.outstanding()
        && !receiver.midPrompt()
        && Math.min(silentNanos, sinceAnswerNanos()) > QUIET_NANOS;
  }

  private Duration sessionTimeout() {
    return start.limits.sessionTimeout();
  }

  private long sinceAnswerNanos() {
    return host().nanoClock().getAsLong() - answers.answeredNanos();
  }

  private SessionHost host() {
    return line.host();
  }
}
