package dev.cleave.server.call;

import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.admission.TrackedCall;
import dev.cleave.server.causal.CausalSession;
import dev.cleave.server.causal.SegmentScheduler;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.RowQueue;
import dev.cleave.v1.Open;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireReason;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One Generate stream of a causal model: expects Open, then takes prompts and steps in turns until
 * the client closes its side, cancels, or goes away.
 *
 * <p>Messages arrive on the call executor, one at a time; the idle check comes from its own thread,
 * hence the lock. The engine's thread enters by {@link SessionAnswers} alone and never takes the
 * lock. KV slot and rows pass to the scheduler at Open, which gives them back before the step that
 * follows the end of the session.
 */
public final class SessionCall implements StreamObserver<Uplink>, TrackedCall {

  /**
   * What causal sessions are held to, beside the limits of all.
   *
   * @param stepPositions the most positions of one step
   * @param sessionTimeout how long a client may wait between two turns
   */
  public record Limits(int stepPositions, Duration sessionTimeout) {}

  private static final long QUIET_NANOS = Duration.ofSeconds(1).toNanos();

  /** What the next message may be. */
  private sealed interface State {
    record ExpectsOpen() implements State {}

    record Serving(CausalSession session, SessionReceiver receiver, SessionAnswers answers)
        implements State {}

    /** The client has closed its side; what it asked for is still answered. */
    record Finishing(CausalSession session) implements State {}

    record Over() implements State {}
  }

  private final SessionHost host;
  private final SegmentScheduler scheduler;
  private final Limits limits;
  private final ServerCallStreamObserver<ServerMessage> call;
  private final Outbox outbox;
  private final long session;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean admitted;
  private volatile @Nullable Intake intake;
  // Guarded by the lock:
  private State state = new State.ExpectsOpen();
  private long lastMessageNanos;

  SessionCall(
      SessionHost host,
      SegmentScheduler scheduler,
      Limits limits,
      ServerCallStreamObserver<ServerMessage> call) {
    this.host = host;
    this.scheduler = scheduler;
    this.limits = limits;
    this.call = call;
    this.session = host.table().newSessionId();
    this.lastMessageNanos = host.nanoClock().getAsLong();
    this.outbox = new Outbox(call, host.nanoClock(), this::callEnded);
    call.disableAutoRequest();
    call.setOnReadyHandler(this::drain);
    call.setOnCancelHandler(this::clientGone);
    host.table().add(this);
    call.request(1);
  }

  @Override
  public void onNext(Uplink message) {
    Intake taking = intake;
    lock.lock();
    try {
      lastMessageNanos = host.nanoClock().getAsLong();
      if (state instanceof State.Over || outbox.isCutOff()) {
        return; // was on its way when the call ended
      }
      switch (message) {
        case Uplink.OpenSession it -> open(it.open());
        case Uplink.Hidden it -> hidden(serving("Hidden"), it.frame());
        case Uplink.Step it -> step(serving("Step"), it.frame());
        case Uplink.EndOfPrompt it -> endOfPrompt(serving("EndOfPrompt"), it.positions());
        case Uplink.Cancel _ -> cancel(serving("Cancel"));
        case Uplink.Invalid it -> throw new Refused(WireReason.MALFORMED_MESSAGE, it.reason());
      }
    } catch (Refused e) {
      end(e);
    } finally {
      lock.unlock();
    }
    if (taking != null) {
      taking.received(); // now that its rows have their place
    }
    askForMore();
  }

  @Override
  public void onError(Throwable error) {
    clientGone();
  }

  @Override
  public void onCompleted() {
    lock.lock();
    try {
      switch (state) {
        case State.ExpectsOpen _ ->
            end(new Refused(WireReason.MESSAGE_ORDER, "the client closed its side before Open"));
        case State.Serving serving -> {
          state = new State.Finishing(serving.session());
          scheduler.finish(serving.session());
        }
        case State.Finishing _, State.Over _ -> {}
      }
    } finally {
      lock.unlock();
    }
  }

  private void open(Open message) {
    if (!(state instanceof State.ExpectsOpen)) {
      throw new Refused(WireReason.MESSAGE_ORDER, "a second Open: a stream is one session");
    }
    host.table().requireAdmission();
    OpenPolicy.Accepted accepted = host.policy().check(message);
    int stepPositions = host.policy().stepPositions(message, limits.stepPositions());
    int framePositions =
        Math.min(
            accepted.promptPositions(), host.policy().frames().positionsPerFrame(accepted.codec()));
    KvSlots.Lease lease = host.takeSlot(accepted.promptPositions());
    RowQueue rows =
        RowQueue.tryAllocate(host.prompts(), Intake.FRAMES * framePositions, host.policy().width());
    if (rows == null) {
      lease.close();
      throw host.noPromptRoom();
    }
    SessionAnswers answers =
        new SessionAnswers(outbox, host.metrics(), host.nanoClock(), this::askForMore);
    CausalSession causal =
        new CausalSession(
            new CausalSession.Request(accepted.sampling(), accepted.wantLogits()),
            lease,
            rows,
            answers);
    SessionReceiver receiver = new SessionReceiver(rows, accepted, stepPositions, host.policy());
    state = new State.Serving(causal, receiver, answers);
    intake = new Intake(call, rows, framePositions, outbox, host.nanoClock());
    admitted = true;
    host.table().admit();
    outbox.offer(host.opened(session, accepted.codec()));
    outbox.drain();
    scheduler.join(causal);
  }

  private State.Serving serving(String message) {
    if (state instanceof State.Serving serving) {
      return serving;
    }
    throw new Refused(
        WireReason.MESSAGE_ORDER,
        message
            + " before Open: a stream is Open, then in turns Hidden..., EndOfPrompt, Step..., and"
            + " at most one Cancel");
  }

  private void hidden(State.Serving serving, ByteBuffer frame) {
    int encodedBytes = frame.remaining();
    SessionReceiver.Rows rows = serving.receiver().prompt(frame);
    if (rows != null) {
      host.metrics().frame(encodedBytes, rows.extent().positions());
      scheduler.prompt(serving.session(), rows.extent(), rows.start());
    }
  }

  private void step(State.Serving serving, ByteBuffer frame) {
    requireAnswered(serving, "Step");
    int encodedBytes = frame.remaining();
    SessionReceiver.Rows rows = serving.receiver().step(frame);
    if (rows != null) {
      host.metrics().stepFrame(encodedBytes);
      serving.answers().ask();
      scheduler.step(serving.session(), rows.extent(), rows.start());
    }
  }

  private void endOfPrompt(State.Serving serving, int positions) {
    requireAnswered(serving, "EndOfPrompt");
    serving.receiver().endOfPrompt(positions);
    serving.answers().ask();
    scheduler.endOfPrompt(serving.session());
  }

  private static void requireAnswered(State.Serving serving, String message) {
    if (serving.answers().outstanding()) {
      throw new Refused(
          WireReason.MESSAGE_ORDER,
          message + " while an answer is outstanding: wait for Sampled before asking again");
    }
  }

  /** The scheduler answers with Done once the session's slot is free. */
  private void cancel(State.Serving serving) {
    state = new State.Over();
    scheduler.stop(serving.session());
  }

  /** Ends the call with an error, from any state; under the lock. */
  private void end(Refused reason) {
    host.metrics().rejected(reason.reason());
    outbox.fail(reason.status());
    giveBack();
    outbox.drain();
  }

  private void clientGone() {
    lock.lock();
    try {
      boolean running = !(state instanceof State.Over);
      outbox.abandon();
      giveBack();
      if (running) {
        // Last: who sees it counted may rely on nothing more being computed for it.
        host.metrics().ended("abandoned");
      }
    } finally {
      lock.unlock();
    }
    outbox.drain();
  }

  private void giveBack() {
    switch (state) {
      case State.Serving it -> scheduler.stop(it.session());
      case State.Finishing it -> scheduler.stop(it.session());
      case State.ExpectsOpen _, State.Over _ -> {}
    }
    state = new State.Over();
  }

  @Override
  public void endIfIdle() {
    long idle = host.policy().limits().idleTimeout().toNanos();
    lock.lock();
    try {
      boolean late =
          switch (state) {
            case State.ExpectsOpen _ -> silentNanos() > idle;
            case State.Serving it ->
                !it.answers().outstanding()
                    && silentNanos()
                        > (it.receiver().midPrompt() ? idle : limits.sessionTimeout().toNanos());
            case State.Finishing _, State.Over _ -> false;
          };
      if (late || (outbox.unreadNanos() > idle && !outbox.isCutOff())) {
        end(
            new Refused(
                WireReason.STEP_TIMEOUT,
                "the client neither sent nor read for too long: open the session again"));
      }
    } finally {
      lock.unlock();
    }
  }

  /** For how long it has been the client's turn. */
  private long silentNanos() {
    long now = host.nanoClock().getAsLong();
    long silent = now - lastMessageNanos;
    if (state instanceof State.Serving it) {
      silent = Math.min(silent, now - it.answers().answeredNanos());
    }
    Intake taking = intake;
    return taking == null ? silent : Math.min(silent, taking.openNanos());
  }

  @Override
  public void handBackIfQuiet() {
    lock.lock();
    try {
      if (state instanceof State.Serving it
          && !it.answers().outstanding()
          && !it.receiver().midPrompt()
          && silentNanos() > QUIET_NANOS) {
        end(SessionHost.handedBack());
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void handBack() {
    lock.lock();
    try {
      if (!(state instanceof State.Over) && !outbox.isComplete() && !outbox.isCutOff()) {
        end(SessionHost.handedBack());
      }
    } finally {
      lock.unlock();
    }
  }

  private void drain() {
    outbox.drain();
    askForMore();
  }

  private void askForMore() {
    Intake taking = intake;
    if (taking != null && !outbox.isCutOff()) {
      taking.ask();
    }
  }

  private void callEnded() {
    host.table().remove(this, admitted);
  }
}
