package dev.cleave.server.stream;

import dev.cleave.server.admission.Refused;
import dev.cleave.server.entrance.NamedSessions;
import dev.cleave.server.entrance.Ticket;
import dev.cleave.server.entrance.TrackedCall;
import dev.cleave.server.tenant.Caller;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.v1.Open;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireReason;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One Generate stream: expects Open, waits for room if need be, and then is an {@link Exchange}
 * until it ends.
 *
 * <p>Messages arrive on the call executor, one at a time; idle checks, grants of the queue and who
 * takes the session over come from other threads, hence the lock. An engine's thread never takes
 * it. Who opens a session again locks its own stream and then the older one, never the other way.
 */
public final class StreamCall implements StreamObserver<Uplink>, TrackedCall {

  /** What the next message may be. */
  private sealed interface State {
    record ExpectsOpen() implements State {}

    record Waiting(Arrival.Place<?> place) implements State {}

    record Live(Exchange exchange) implements State {}

    record Over() implements State {}
  }

  private final SessionHost host;
  private final Opening.Rule rule;
  private final ServerCallStreamObserver<ServerMessage> call;
  private final Tenant tenant;
  private final Outbox outbox;
  private final long session;
  private final Arrival arrival;
  private final Silence silence;
  private final Lifetime lifetime;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean admitted;
  private volatile @Nullable Intake intake;
  // Guarded by the lock:
  private State state = new State.ExpectsOpen();
  private boolean clientClosed;

  /** Takes over a call whose handler asks for it. */
  public StreamCall(
      SessionHost host, Opening.Rule rule, ServerCallStreamObserver<ServerMessage> call) {
    this.host = host;
    this.rule = rule;
    this.call = call;
    Caller caller = Caller.current();
    this.tenant = caller.tenant();
    this.lifetime = new Lifetime(host, caller.until());
    this.arrival = new Arrival(host, this, this::granted);
    this.silence = new Silence(host.nanoClock(), host.times().clients().upload().toNanos());
    this.session = host.table().newSessionId();
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
    ByteBuffer frame = frame(message);
    int bytes = frame == null ? 0 : frame.remaining(); // now, as who decodes it uses it up
    try {
      locked(() -> take(message));
    } finally {
      forget(frame);
    }
    if (taking != null) {
      taking.received(bytes); // now that its rows have their place
    }
    askForMore();
  }

  private static @Nullable ByteBuffer frame(Uplink message) {
    return switch (message) {
      case Uplink.Hidden it -> it.frame();
      case Uplink.Step it -> it.frame();
      case Uplink.OpenSession _, Uplink.EndOfPrompt _, Uplink.Cancel _, Uplink.Invalid _ -> null;
    };
  }

  /** What a frame held is in the session's own memory now, which is overwritten when it ends. */
  @SuppressWarnings("ByteBufferBackingArray") // the array that the message was read into
  private static void forget(@Nullable ByteBuffer frame) {
    if (frame != null) {
      Arrays.fill(frame.array(), (byte) 0);
    }
  }

  /** Runs a step under the lock; what it refuses ends the call. */
  private void locked(Runnable step) {
    lock.lock();
    try {
      step.run();
    } catch (Refused e) {
      end(e);
    } finally {
      lock.unlock();
    }
  }

  private void take(Uplink message) {
    silence.message(state instanceof State.Live(var exchange) ? exchange : null);
    if (state instanceof State.Over || outbox.isCutOff()) {
      return; // was on its way when the call ended
    }
    switch (message) {
      case Uplink.OpenSession it -> open(it.open());
      case Uplink.Invalid it -> throw new Refused(WireReason.MALFORMED_MESSAGE, it.reason());
      case Uplink.Hidden _, Uplink.Step _, Uplink.EndOfPrompt _, Uplink.Cancel _ ->
          live(message).receive(message);
    }
  }

  @Override
  public void onError(Throwable error) {
    clientGone();
  }

  @Override
  public void onCompleted() {
    locked(() -> {
      clientClosed = true;
      switch (state) {
        case State.ExpectsOpen _ ->
            throw new Refused(WireReason.MESSAGE_ORDER, "the client closed its side before Open");
        case State.Live live -> live.exchange().clientClosed();
        case State.Waiting _, State.Over _ -> {}
      }
    });
  }

  private Exchange live(Uplink message) {
    if (state instanceof State.Live live) {
      return live.exchange();
    }
    throw new Refused(
        WireReason.MESSAGE_ORDER,
        message.getClass().getSimpleName() + " before Open, which comes first on a stream");
  }

  private void open(Open message) {
    if (!(state instanceof State.ExpectsOpen)) {
      throw new Refused(WireReason.MESSAGE_ORDER, "a second Open: a stream is one session");
    }
    host.table().requireAdmission();
    Refused over = lifetime.over(true);
    if (over != null) {
      throw over; // the stream was opened in time, and its client was silent since
    }
    Tenancy mine = host.entrance().gate().enter(tenant);
    Opening<?> opening = rule.check(message, host.policy().check(message, mine));
    Arrival.Place<?> place = arrival.enter(mine, message, opening);
    if (place.isGranted()) {
      start(place);
    } else if (place.mayWait()) {
      state = new State.Waiting(place);
    } else {
      throw place.noRoom(host);
    }
  }

  private void granted() {
    locked(() -> {
      // Otherwise the stream has ended, and withdrew its ticket.
      if (state instanceof State.Waiting waiting) {
        host.table().requireAdmission();
        start(waiting.place());
      }
    });
  }

  private void start(Arrival.Place<?> place) {
    admitted = true;
    host.table().admit();
    host.tenantMetrics()
        .admitted(Duration.ofNanos(host.nanoClock().getAsLong() - place.sinceNanos()));
    arrival.arrived();
    lifetime.start();
    // First, as the session's own answers and its end may follow at once.
    outbox.offer(host.opened(session, place.opening().codec(), place.tenancy()));
    Exchange exchange =
        place.start(new Line(host, outbox, session, place.tenancy(), this::askForMore));
    state = new State.Live(exchange);
    Intake taking =
        new Intake(
            call,
            exchange::room,
            host.nanoClock(),
            new Intake.Throttle(place.tenancy().meter(), host.clock().later(), this::askForMore));
    silence.sessionStarts(taking);
    intake = taking;
    outbox.drain();
    if (clientClosed) {
      exchange.clientClosed();
    }
    askForMore();
  }

  /** Ends the call with an error, from any state; under the lock. */
  private void end(Refused reason) {
    reject(reason);
    outbox.fail(reason.status());
    giveBack();
    outbox.drain();
  }

  /** Ends the call with an error behind what is queued, if its answer is not complete. */
  private void conclude(Refused reason) {
    if (!(state instanceof State.Over) && !outbox.isComplete() && !outbox.isCutOff()) {
      reject(reason);
      outbox.conclude(reason.status());
      giveBack();
      outbox.drain();
    }
  }

  private void reject(Refused reason) {
    host.metrics().rejected(reason.reason());
    host.tenantMetrics().rejected(tenant);
  }

  private void clientGone() {
    locked(() -> {
      boolean running = !(state instanceof State.Over) && !outbox.isComplete();
      outbox.abandon();
      giveBack();
      if (running) {
        // Last: who sees it counted may rely on nothing being computed for it any more.
        host.metrics().ended("abandoned");
      }
    });
    outbox.drain();
  }

  private void giveBack() {
    if (state instanceof State.Live live) {
      live.exchange().stop();
    }
    arrival.leave();
    state = new State.Over();
  }

  @Override
  public @Nullable Ticket<?> ticket() {
    lock.lock();
    try {
      return arrival.ticket();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void takenOver() {
    locked(() -> {
      if (!(state instanceof State.Over) && !outbox.isCutOff()) {
        end(NamedSessions.takenOver());
      }
    });
  }

  @Override
  public void endIfIdle() {
    locked(this::lookAtTime);
  }

  private void lookAtTime() {
    boolean unread = outbox.unreadNanos() > host.times().clients().read().toNanos();
    switch (state) {
      case State.ExpectsOpen _ ->
          endIf(silence.nanos() > host.policy().limits().idleTimeout().toNanos());
      case State.Waiting(var place) -> {
        if (place.isOver(host.nanoClock().getAsLong())) {
          end(place.noRoom(host));
        }
        moveIf(lifetime.over(true));
      }
      case State.Live(var exchange) -> {
        endIf(silence.isTooLong(exchange) || unread);
        moveIf(lifetime.over(exchange.isQuiet(silence.nanos())));
      }
      case State.Over _ -> {
        if (unread) {
          outbox.fail(late().status()); // it was concluded, and nobody reads it
          outbox.drain();
        }
      }
    }
  }

  private void endIf(boolean late) {
    if (late && !outbox.isCutOff()) {
      end(late());
    }
  }

  private static Refused late() {
    return new Refused(
        WireReason.STEP_TIMEOUT,
        "the client neither sent nor read for too long: open the session again");
  }

  private void moveIf(@Nullable Refused over) {
    if (over != null) {
      conclude(over);
    }
  }

  @Override
  public void handBackIfQuiet() {
    locked(() -> {
      boolean quiet =
          switch (state) {
            case State.Live(var exchange) -> exchange.isQuiet(silence.nanos());
            case State.Waiting _ -> true;
            case State.ExpectsOpen _, State.Over _ -> false;
          };
      if (quiet) {
        conclude(SessionHost.handedBack());
      }
    });
  }

  @Override
  public void handBack() {
    locked(() -> conclude(SessionHost.handedBack()));
  }

  @Override
  public void engineLost() {
    locked(() -> conclude(SessionHost.engineLost()));
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
