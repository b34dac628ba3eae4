package dev.cleave.server.stream;

import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.entrance.FairQueue;
import dev.cleave.server.entrance.NamedSessions;
import dev.cleave.server.entrance.SessionKey;
import dev.cleave.server.entrance.Ticket;
import dev.cleave.server.entrance.TrackedCall;
import dev.cleave.server.session.PromptMemory;
import dev.cleave.server.tenant.Caller;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.v1.Open;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireReason;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
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

  /** An older stream gives its slot back within a step of the engine; this is many of them. */
  private static final Duration LEAST_WAIT_FOR_OWN = Duration.ofSeconds(10);

  /** What the next message may be. */
  private sealed interface State {
    record ExpectsOpen() implements State {}

    record Waiting(Place<?> place) implements State {}

    record Live(Exchange exchange) implements State {}

    record Over() implements State {}
  }

  /** A place in the queue, for at most this long. */
  private record Place<M extends PromptMemory>(
      Tenancy tenancy, Opening<M> opening, Ticket<M> ticket, long sinceNanos, long patienceNanos) {

    Exchange start(Line line) {
      return opening.start(line, ticket.take());
    }

    Refused noRoom(FairQueue queue) {
      return queue.noRoom(opening);
    }
  }

  private final SessionHost host;
  private final Opening.Rule rule;
  private final ServerCallStreamObserver<ServerMessage> call;
  private final Tenant tenant;
  private final Outbox outbox;
  private final long session;
  private final UploadPatience patience;
  private final Lifetime lifetime;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean admitted;
  private volatile @Nullable Intake intake;
  private volatile @Nullable Tenancy tenancy;
  // Guarded by the lock:
  private State state = new State.ExpectsOpen();
  private NamedSessions.@Nullable Entry name;
  private @Nullable Ticket<?> ticket;
  private boolean clientClosed;
  private long lastMessageNanos;

  /** Takes over a call whose handler asks for it. */
  public StreamCall(
      SessionHost host, Opening.Rule rule, ServerCallStreamObserver<ServerMessage> call) {
    this.host = host;
    this.rule = rule;
    this.call = call;
    Caller caller = Caller.current();
    this.tenant = caller.tenant();
    this.lifetime = new Lifetime(host, caller.until());
    this.session = host.table().newSessionId();
    this.lastMessageNanos = now();
    this.patience = new UploadPatience(host.times().clients().upload());
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
    int bytes = frameBytes(message); // now, as who decodes a frame uses it up
    lock.lock();
    try {
      if (state instanceof State.Live(var exchange)) {
        patience.message(exchange, silentNanos());
      }
      lastMessageNanos = now();
      if (state instanceof State.Over || outbox.isCutOff()) {
        return; // was on its way when the call ended
      }
      switch (message) {
        case Uplink.OpenSession it -> open(it.open());
        case Uplink.Invalid it -> throw new Refused(WireReason.MALFORMED_MESSAGE, it.reason());
        case Uplink.Hidden _, Uplink.Step _, Uplink.EndOfPrompt _, Uplink.Cancel _ ->
            live(message).receive(message);
      }
    } catch (Refused e) {
      end(e);
    } finally {
      lock.unlock();
      forget(message);
    }
    if (taking != null) {
      taking.received(); // now that its rows have their place
      pay(taking, bytes);
    }
    askForMore();
  }

  /** A tenant that sends more than it may in a second is read more slowly. */
  private void pay(Intake taking, int bytes) {
    Tenancy payer = tenancy;
    Duration wait = payer == null ? Duration.ZERO : payer.meter().received(bytes);
    if (!wait.isZero()) {
      taking.hold(wait);
      host.clock().later().accept(wait, this::askForMore);
    }
  }

  /** What a frame held is in the session's own memory now, which is overwritten when it ends. */
  private static void forget(Uplink message) {
    switch (message) {
      case Uplink.Hidden it -> Arrays.fill(it.frame().array(), (byte) 0);
      case Uplink.Step it -> Arrays.fill(it.frame().array(), (byte) 0);
      case Uplink.OpenSession _, Uplink.EndOfPrompt _, Uplink.Cancel _, Uplink.Invalid _ -> {}
    }
  }

  private static int frameBytes(Uplink message) {
    return switch (message) {
      case Uplink.Hidden it -> it.frame().remaining();
      case Uplink.Step it -> it.frame().remaining();
      case Uplink.OpenSession _, Uplink.EndOfPrompt _, Uplink.Cancel _, Uplink.Invalid _ -> 0;
    };
  }

  @Override
  public void onError(Throwable error) {
    clientGone();
  }

  @Override
  public void onCompleted() {
    lock.lock();
    try {
      clientClosed = true;
      switch (state) {
        case State.ExpectsOpen _ ->
            throw new Refused(WireReason.MESSAGE_ORDER, "the client closed its side before Open");
        case State.Live live -> live.exchange().clientClosed();
        case State.Waiting _, State.Over _ -> {}
      }
    } catch (Refused e) {
      end(e);
    } finally {
      lock.unlock();
    }
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
    tenancy = mine;
    OpenPolicy.Accepted accepted = host.policy().check(message, mine);
    Opening<?> opening = rule.check(message, accepted);
    Place<?> place = enter(mine, opening, takeOver(message));
    if (place.ticket().isGranted()) {
      start(place);
    } else if (place.patienceNanos() == 0) {
      throw place.noRoom(host.queue());
    } else {
      state = new State.Waiting(place);
    }
  }

  /** Makes this the newest stream of its session, and ends the one before. */
  private NamedSessions.@Nullable Entry takeOver(Open message) {
    if (message.getSessionHigh() == 0 && message.getSessionLow() == 0) {
      return null;
    }
    NamedSessions.Entry mine =
        new NamedSessions.Entry(
            new SessionKey(tenant, message.getSessionHigh(), message.getSessionLow()),
            message.getAttempt(),
            this);
    NamedSessions.Entry before = host.table().named().enter(mine);
    name = mine;
    if (before != null) {
      before.call().takenOver();
      host.metrics().takenOver();
    }
    return before;
  }

  private <M extends PromptMemory> Place<M> enter(
      Tenancy payer, Opening<M> opening, NamedSessions.@Nullable Entry before) {
    Ticket<?> predecessor = before == null ? null : before.call().ticket();
    Duration patience = host.times().queue();
    if (predecessor != null && patience.compareTo(LEAST_WAIT_FOR_OWN) < 0) {
      patience = LEAST_WAIT_FOR_OWN;
    }
    Ticket<M> mine =
        host.queue()
            .enter(payer, opening, predecessor, new Ticket.Calls(this::granted, this::forgetName));
    ticket = mine;
    return new Place<>(payer, opening, mine, now(), patience.toNanos());
  }

  private void granted() {
    lock.lock();
    try {
      // Otherwise the stream has ended, and withdrew its ticket.
      if (state instanceof State.Waiting waiting) {
        host.table().requireAdmission();
        start(waiting.place());
      }
    } catch (Refused e) {
      end(e);
    } finally {
      lock.unlock();
    }
  }

  private void start(Place<?> place) {
    admitted = true;
    host.table().admit();
    host.tenantMetrics().admitted(Duration.ofNanos(now() - place.sinceNanos()));
    NamedSessions.Entry mine = name;
    if (mine != null) {
      host.table().named().useUp(mine);
    }
    lifetime.start();
    lastMessageNanos = now();
    // First, as the session's own answers and its end may follow at once.
    outbox.offer(host.opened(session, place.opening().codec(), place.tenancy()));
    Exchange exchange =
        place.start(new Line(host, outbox, session, place.tenancy(), this::askForMore));
    state = new State.Live(exchange);
    intake = new Intake(call, exchange::room, host.nanoClock());
    outbox.drain();
    if (clientClosed) {
      exchange.clientClosed();
    }
    askForMore();
  }

  /** Ends the call with an error, from any state; under the lock. */
  private void end(Refused reason) {
    host.metrics().rejected(reason.reason());
    host.tenantMetrics().rejected(tenant);
    outbox.fail(reason.status());
    giveBack();
    outbox.drain();
  }

  /** Ends the call with an error behind what is queued, if its answer is not complete. */
  private void conclude(Refused reason) {
    if (!(state instanceof State.Over) && !outbox.isComplete() && !outbox.isCutOff()) {
      host.metrics().rejected(reason.reason());
      host.tenantMetrics().rejected(tenant);
      outbox.conclude(reason.status());
      giveBack();
      outbox.drain();
    }
  }

  private void clientGone() {
    lock.lock();
    try {
      boolean running = !(state instanceof State.Over) && !outbox.isComplete();
      outbox.abandon();
      giveBack();
      if (running) {
        // Last: who sees it counted may rely on nothing being computed for it any more.
        host.metrics().ended("abandoned");
      }
    } finally {
      lock.unlock();
    }
    outbox.drain();
  }

  private void giveBack() {
    if (state instanceof State.Live live) {
      live.exchange().stop();
    }
    Ticket<?> place = ticket;
    if (place != null) {
      place.withdraw();
    } else {
      forgetName();
    }
    state = new State.Over();
  }

  private void forgetName() {
    NamedSessions.Entry mine = name;
    if (mine != null) {
      host.table().named().leave(mine);
    }
  }

  @Override
  public @Nullable Ticket<?> ticket() {
    lock.lock();
    try {
      return ticket;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void takenOver() {
    lock.lock();
    try {
      if (!(state instanceof State.Over) && !outbox.isCutOff()) {
        end(NamedSessions.takenOver());
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void endIfIdle() {
    long idle = host.policy().limits().idleTimeout().toNanos();
    long read = host.times().clients().read().toNanos();
    lock.lock();
    try {
      switch (state) {
        case State.ExpectsOpen _ -> endIf(silentNanos() > idle);
        case State.Waiting(var place) -> {
          if (now() - place.sinceNanos() > place.patienceNanos()) {
            end(place.noRoom(host.queue()));
          }
          moveIf(lifetime.over(true));
        }
        case State.Live(var exchange) -> {
          endIf(exchange.isLate(silentNanos()) || patience.isOver(exchange, silentNanos()));
          endIf(outbox.unreadNanos() > read);
          moveIf(lifetime.over(exchange.isQuiet(silentNanos())));
        }
        case State.Over _ -> {
          if (outbox.unreadNanos() > read) {
            outbox.fail(late().status()); // it was concluded, and nobody reads it
            outbox.drain();
          }
        }
      }
    } finally {
      lock.unlock();
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

  /** For how long it has been the client's turn to send, as far as the stream can tell. */
  private long silentNanos() {
    long silent = now() - lastMessageNanos;
    Intake taking = intake;
    return taking == null ? silent : Math.min(silent, taking.openNanos());
  }

  @Override
  public void handBackIfQuiet() {
    lock.lock();
    try {
      boolean quiet =
          switch (state) {
            case State.Live(var exchange) -> exchange.isQuiet(silentNanos());
            case State.Waiting _ -> true;
            case State.ExpectsOpen _, State.Over _ -> false;
          };
      if (quiet) {
        conclude(SessionHost.handedBack());
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void handBack() {
    lock.lock();
    try {
      conclude(SessionHost.handedBack());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void engineLost() {
    lock.lock();
    try {
      conclude(SessionHost.engineLost());
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

  private long now() {
    return host.nanoClock().getAsLong();
  }

  private void callEnded() {
    host.table().remove(this, admitted);
  }
}
