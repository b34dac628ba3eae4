package dev.cleave.server.telemetry;

import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import io.grpc.Status;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import org.jspecify.annotations.Nullable;

/**
 * The spans of one session, as its messages show them: {@code cleave.session} from the call to its
 * end, and in it {@code cleave.queue} until a slot is granted, then for each turn {@code
 * cleave.prefill} from the prompt's first frame to the first token, which the event {@code
 * prompt.complete} divides into receiving and computing, and {@code cleave.decode} from there.
 *
 * <p>Messages are counted and never read. Thread-safe: calls and tokens come on threads of their
 * own.
 */
final class SessionTrace {

  private enum Phase {
    NONE,
    QUEUE,
    PREFILL,
    DECODE
  }

  private final Tracer tracer;
  private final Span session;
  private Phase phase = Phase.NONE;
  private @Nullable Span part;
  private Status.@Nullable Code closing;
  private boolean over;
  private long prompts;
  private long frames;
  private long bytes;
  private long steps;
  private long tokens;

  private SessionTrace(Tracer tracer, Span session) {
    this.tracer = tracer;
    this.session = session;
  }

  /** A trace of its own, whatever the caller says about traces. */
  static SessionTrace start(Tracer tracer) {
    return new SessionTrace(
        tracer,
        tracer
            .spanBuilder("cleave.session")
            .setSpanKind(SpanKind.SERVER)
            .setNoParent()
            .startSpan());
  }

  synchronized void received(Uplink message) {
    if (over) {
      return;
    }
    switch (message) {
      case Uplink.OpenSession _ -> become(Phase.QUEUE);
      case Uplink.Hidden it -> {
        frames++;
        bytes += it.frame().remaining();
        if (phase != Phase.PREFILL) {
          become(Phase.PREFILL);
        }
      }
      case Uplink.Step it -> {
        steps++;
        bytes += it.frame().remaining();
      }
      case Uplink.EndOfPrompt _ -> {
        prompts++;
        if (part != null) {
          part.addEvent("prompt.complete");
        }
      }
      case Uplink.Cancel _, Uplink.Invalid _ -> {}
    }
  }

  synchronized void sent(ServerMessage message) {
    switch (message.getMessageCase()) {
      case OPENED -> become(Phase.NONE);
      case TOKEN -> answered(1);
      case SAMPLED -> answered(message.getSampled().getIdsCount());
      case DONE -> become(Phase.NONE);
      default -> {}
    }
  }

  private void answered(int count) {
    tokens += count;
    if (phase == Phase.PREFILL) {
      become(Phase.DECODE);
    }
  }

  private void become(Phase next) {
    if (part != null) {
      part.end();
      part = null;
    }
    phase = next;
    if (next != Phase.NONE && !over) {
      String name =
          switch (next) {
            case QUEUE -> "cleave.queue";
            case PREFILL -> "cleave.prefill";
            case DECODE -> "cleave.decode";
            case NONE -> throw new IllegalStateException("no span has no name");
          };
      part = tracer.spanBuilder(name).setParent(Context.root().with(session)).startSpan();
    }
  }

  /** The server has ended the call. */
  synchronized void closing(Status.Code code) {
    closing = code;
    become(Phase.NONE);
  }

  /** The call is over; as the server ended it, or else with {@code code}. */
  synchronized void ended(Status.Code code) {
    if (over) {
      return;
    }
    over = true;
    become(Phase.NONE);
    Status.Code last = closing == null ? code : closing;
    session
        .setAttribute("rpc.grpc.status_code", (long) last.value())
        .setAttribute("cleave.prompts", prompts)
        .setAttribute("cleave.frames", frames)
        .setAttribute("cleave.frame.bytes", bytes)
        .setAttribute("cleave.steps", steps)
        .setAttribute("cleave.tokens", tokens);
    if (last != Status.Code.OK) {
      // The code alone: what a status says besides may come from a message.
      session.setStatus(StatusCode.ERROR, last.name());
    }
    session.end();
  }
}
