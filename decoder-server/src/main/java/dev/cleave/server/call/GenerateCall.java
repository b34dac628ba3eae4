package dev.cleave.server.call;

import dev.cleave.codec.FrameInfo;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.admission.TrackedCall;
import dev.cleave.server.schedule.Generation;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBuffer;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Open;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireReason;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One Generate stream: expects Open, then receives frames, then generates, then is over.
 *
 * <p>Messages arrive on the call executor, one at a time; the idle check comes from its own thread,
 * hence the lock. The decoder's thread enters by {@link Answer} alone and never takes the lock. The
 * KV slot and the prompt's memory are given back by whoever ends the call before EndOfPrompt, and
 * by the scheduler afterwards.
 */
final class GenerateCall implements StreamObserver<Uplink>, TrackedCall {

  /** What the next message may be. */
  private sealed interface State {
    record ExpectsOpen() implements State {}

    record Receiving(
        Generation.Request request,
        KvSlots.Lease slot,
        PromptBuffer prompt,
        PromptReceiver receiver)
        implements State {}

    record Generating(Generation generation) implements State {}

    record Over() implements State {}
  }

  private final SessionHost host;
  private final Scheduler scheduler;
  private final Outbox outbox;
  private final long session;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean admitted;
  // Guarded by the lock:
  private State state = new State.ExpectsOpen();
  private long lastMessageNanos;
  private boolean cancelAsked;

  GenerateCall(
      SessionHost host, Scheduler scheduler, ServerCallStreamObserver<ServerMessage> call) {
    this.host = host;
    this.scheduler = scheduler;
    this.session = host.table().newSessionId();
    this.lastMessageNanos = host.nanoClock().getAsLong();
    this.outbox = new Outbox(call, host.nanoClock(), this::callEnded);
    call.setOnReadyHandler(outbox::drain);
    call.setOnCancelHandler(this::clientGone);
    host.table().add(this);
  }

  @Override
  public void onNext(Uplink message) {
    lock.lock();
    try {
      lastMessageNanos = host.nanoClock().getAsLong();
      if (state instanceof State.Over) {
        return; // was on its way when the call ended
      }
      switch (message) {
        case Uplink.OpenSession it -> open(it.open());
        case Uplink.Hidden it -> hidden(it.frame());
        case Uplink.Step _ ->
            throw new Refused(WireReason.MESSAGE_ORDER, "this model decodes alone: send no steps");
        case Uplink.EndOfPrompt it -> endOfPrompt(it.positions());
        case Uplink.Cancel _ -> cancel();
        case Uplink.Invalid it -> throw new Refused(WireReason.MALFORMED_MESSAGE, it.reason());
      }
    } catch (Refused e) {
      end(e);
    } finally {
      lock.unlock();
    }
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
        case State.ExpectsOpen _, State.Receiving _ ->
            end(
                new Refused(
                    WireReason.MESSAGE_ORDER, "the client closed its side before EndOfPrompt"));
        case State.Generating _, State.Over _ -> {}
      }
    } finally {
      lock.unlock();
    }
  }

  private void open(Open message) {
    if (!(state instanceof State.ExpectsOpen)) {
      throw outOfOrder("Open");
    }
    host.table().requireAdmission();
    OpenPolicy.Accepted accepted = host.policy().check(message);
    Generation.Request request =
        new Generation.Request(
            host.policy().newTokens(message),
            accepted.sampling(),
            message.getIgnoreEos(),
            accepted.wantLogits());
    KvSlots.Lease slot = host.takeSlot(0);
    PromptBuffer prompt =
        host.prompts().tryAllocate(accepted.promptPositions(), host.policy().width());
    if (prompt == null) {
      slot.close();
      throw host.noPromptRoom();
    }
    PromptReceiver receiver = new PromptReceiver(prompt, accepted.codec(), host.policy());
    state = new State.Receiving(request, slot, prompt, receiver);
    admitted = true;
    host.table().admit();
    outbox.offer(host.opened(session, accepted.codec()));
    outbox.drain();
  }

  private void hidden(ByteBuffer frame) {
    if (!(state instanceof State.Receiving receiving)) {
      throw outOfOrder("Hidden");
    }
    int encodedBytes = frame.remaining();
    FrameInfo info = receiving.receiver().accept(frame);
    host.metrics().frame(encodedBytes, info.positions());
  }

  private void endOfPrompt(int positions) {
    if (!(state instanceof State.Receiving receiving)) {
      throw outOfOrder("EndOfPrompt");
    }
    receiving.receiver().finish(positions);
    Answer answer = new Answer(outbox, receiving.slot(), host.metrics());
    Generation generation =
        new Generation(session, receiving.prompt(), receiving.request(), answer);
    state = new State.Generating(generation);
    scheduler.submit(generation);
  }

  private void cancel() {
    if (cancelAsked) {
      throw outOfOrder("Cancel");
    }
    switch (state) {
      case State.ExpectsOpen _ -> throw outOfOrder("Cancel");
      case State.Receiving receiving -> {
        state = new State.Over();
        receiving.prompt().close();
        receiving.slot().close();
        new Answer(outbox, receiving.slot(), host.metrics()).done(FinishReason.CANCELLED, 0, 0, 0);
        outbox.drain();
      }
      case State.Generating generating -> generating.generation().stop();
      case State.Over _ -> {}
    }
    cancelAsked = true;
  }

  private Refused outOfOrder(String message) {
    String when =
        switch (state) {
          case State.ExpectsOpen _ -> "before Open";
          case State.Receiving _ -> "while the prompt is received";
          case State.Generating _ -> "after EndOfPrompt";
          case State.Over _ -> "after the end";
        };
    return new Refused(
        WireReason.MESSAGE_ORDER,
        "%s %s: a stream is Open, Hidden..., EndOfPrompt, at most one Cancel"
            .formatted(message, when));
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
        // Last: who sees it counted may rely on nothing being computed for it any more.
        host.metrics().ended("abandoned");
      }
    } finally {
      lock.unlock();
    }
    outbox.drain();
  }

  private void giveBack() {
    switch (state) {
      case State.Receiving receiving -> {
        receiving.prompt().close();
        receiving.slot().close();
      }
      // The scheduler erases the slot before the next step and then gives it back.
      case State.Generating generating -> generating.generation().stop();
      case State.ExpectsOpen _, State.Over _ -> {}
    }
    state = new State.Over();
  }

  @Override
  public void endIfIdle() {
    long timeout = host.policy().limits().idleTimeout().toNanos();
    lock.lock();
    try {
      boolean waitsForClient =
          state instanceof State.ExpectsOpen || state instanceof State.Receiving;
      long silent = host.nanoClock().getAsLong() - lastMessageNanos;
      if ((waitsForClient && silent > timeout) || outbox.stalledNanos() > timeout) {
        end(
            new Refused(
                WireReason.STEP_TIMEOUT,
                "the client neither sent nor read for %d ms".formatted(timeout / 1_000_000)));
      }
    } finally {
      lock.unlock();
    }
  }

  /** An answer that is under way is worth more than a soon end: nothing to do. */
  @Override
  public void handBackIfQuiet() {}

  @Override
  public void handBack() {
    lock.lock();
    try {
      if (!(state instanceof State.Over) && !outbox.isComplete()) {
        end(SessionHost.handedBack());
      }
    } finally {
      lock.unlock();
    }
  }

  private void callEnded() {
    host.table().remove(this, admitted);
  }
}
