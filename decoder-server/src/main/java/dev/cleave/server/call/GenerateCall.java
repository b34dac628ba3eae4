package dev.cleave.server.call;

import dev.cleave.codec.FrameInfo;
import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.entrance.Ticket;
import dev.cleave.server.schedule.Generation;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptBuffer;
import dev.cleave.server.stream.Exchange;
import dev.cleave.server.stream.Intake;
import dev.cleave.server.stream.Line;
import dev.cleave.server.stream.Opening;
import dev.cleave.server.stream.SessionHost;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Open;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The session of an encoder-decoder model: receives frames, then generates, then is over.
 *
 * <p>The decoder's thread enters by {@link Answer} alone. The KV slot and the prompt's memory are
 * given back by whoever ends the session before EndOfPrompt, and by the scheduler afterwards.
 */
final class GenerateCall implements Exchange {

  /** What the next message may be. */
  private sealed interface State {
    record Receiving(Generation.Request request, KvSlots.Lease slot, PromptReceiver receiver)
        implements State {}

    record Generating(Generation generation) implements State {}

    record Over() implements State {}
  }

  private final Line line;
  private final Scheduler scheduler;
  private final PromptBuffer prompt;
  private State state;
  private boolean cancelAsked;

  private GenerateCall(Line line, Scheduler scheduler, PromptBuffer prompt, State state) {
    this.line = line;
    this.scheduler = scheduler;
    this.prompt = prompt;
    this.state = state;
  }

  /** How an Open of this kind of model is checked and started. */
  static Opening.Rule rule(OpenPolicy policy, Scheduler scheduler) {
    return (message, accepted) ->
        new Start(scheduler, policy, accepted, request(policy, message, accepted));
  }

  private static Generation.Request request(
      OpenPolicy policy, Open message, OpenPolicy.Accepted accepted) {
    return new Generation.Request(
        policy.newTokens(message),
        accepted.sampling(),
        message.getIgnoreEos(),
        accepted.wantLogits());
  }

  private record Start(
      Scheduler scheduler,
      OpenPolicy policy,
      OpenPolicy.Accepted accepted,
      Generation.Request request)
      implements Opening<PromptBuffer> {

    @Override
    public int kvPositions() {
      return 0;
    }

    @Override
    public long memoryBytes() {
      return (long) accepted.promptPositions() * policy.width() * Float.BYTES;
    }

    @Override
    public @Nullable PromptBuffer allocate(PromptBudget budget) {
      return budget.tryAllocate(accepted.promptPositions(), policy.width());
    }

    @Override
    public StreamSpec codec() {
      return accepted.codec();
    }

    @Override
    public Exchange start(Line line, Ticket.Granted<PromptBuffer> granted) {
      PromptReceiver receiver = new PromptReceiver(granted.memory(), accepted.codec(), policy);
      return new GenerateCall(
          line,
          scheduler,
          granted.memory(),
          new State.Receiving(request, granted.slot(), receiver));
    }
  }

  @Override
  public void receive(Uplink message) {
    switch (message) {
      case Uplink.Hidden it -> hidden(it.frame());
      case Uplink.EndOfPrompt it -> endOfPrompt(it.positions());
      case Uplink.Cancel _ -> cancel();
      case Uplink.Step _ ->
          throw new Refused(WireReason.MESSAGE_ORDER, "this model decodes alone: send no steps");
      case Uplink.OpenSession _, Uplink.Invalid _ -> throw outOfOrder("Open");
    }
  }

  @Override
  public void clientClosed() {
    if (state instanceof State.Receiving) {
      throw new Refused(WireReason.MESSAGE_ORDER, "the client closed its side before EndOfPrompt");
    }
  }

  private void hidden(ByteBuffer frame) {
    if (!(state instanceof State.Receiving receiving)) {
      throw outOfOrder("Hidden");
    }
    int encodedBytes = frame.remaining();
    FrameInfo info = receiving.receiver().accept(frame);
    host().metrics().frame(encodedBytes, info.positions());
  }

  private void endOfPrompt(int positions) {
    if (!(state instanceof State.Receiving receiving)) {
      throw outOfOrder("EndOfPrompt");
    }
    receiving.receiver().finish(positions);
    Generation generation =
        new Generation(line.session(), prompt, receiving.request(), answer(receiving.slot()));
    state = new State.Generating(generation);
    scheduler.submit(generation);
  }

  private Answer answer(KvSlots.Lease slot) {
    return new Answer(line.outbox(), slot, host().metrics());
  }

  private void cancel() {
    if (cancelAsked) {
      throw outOfOrder("Cancel");
    }
    cancelAsked = true;
    switch (state) {
      case State.Receiving receiving -> {
        stop();
        answer(receiving.slot()).done(FinishReason.CANCELLED, 0, 0, 0);
        line.outbox().drain();
      }
      case State.Generating generating -> generating.generation().stop();
      case State.Over _ -> {}
    }
  }

  private Refused outOfOrder(String message) {
    String when =
        switch (state) {
          case State.Receiving _ -> "while the prompt is received";
          case State.Generating _ -> "after EndOfPrompt";
          case State.Over _ -> "after the end";
        };
    return new Refused(
        WireReason.MESSAGE_ORDER,
        "%s %s: a stream is Open, Hidden..., EndOfPrompt, at most one Cancel"
            .formatted(message, when));
  }

  @Override
  public void stop() {
    switch (state) {
      case State.Receiving receiving -> {
        prompt.close();
        receiving.slot().close();
      }
      // The scheduler erases the slot before the next step and then gives it back.
      case State.Generating generating -> generating.generation().stop();
      case State.Over _ -> {}
    }
    state = new State.Over();
  }

  @Override
  public int room() {
    return Intake.MOST_MESSAGES; // the whole prompt has its memory since Open
  }

  @Override
  public boolean isLate(long silentNanos) {
    return state instanceof State.Receiving
        && silentNanos > host().policy().limits().idleTimeout().toNanos();
  }

  @Override
  public boolean awaitsPrompt() {
    return state instanceof State.Receiving;
  }

  /** An answer that is under way is worth more than a soon end. */
  @Override
  public boolean isQuiet(long silentNanos) {
    return false;
  }

  private SessionHost host() {
    return line.host();
  }
}
