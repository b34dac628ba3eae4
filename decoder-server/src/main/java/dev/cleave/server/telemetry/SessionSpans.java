package dev.cleave.server.telemetry;

import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.trace.Tracer;

/** Follows each Generate stream with a {@link SessionTrace}. Thread-safe. */
final class SessionSpans implements ServerInterceptor {

  private final Tracer tracer;

  SessionSpans(Tracer tracer) {
    this.tracer = tracer;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (!call.getMethodDescriptor()
        .getFullMethodName()
        .equals(DecoderMethods.GENERATE.getFullMethodName())) {
      return next.startCall(call, headers);
    }
    SessionTrace trace = SessionTrace.start(tracer);
    try {
      return new Received<>(next.startCall(new Sent<>(call, trace), headers), trace);
    } catch (RuntimeException e) {
      trace.ended(Status.Code.UNKNOWN);
      throw e;
    }
  }

  private static final class Sent<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private final SessionTrace trace;

    Sent(ServerCall<Q, R> call, SessionTrace trace) {
      super(call);
      this.trace = trace;
    }

    @Override
    public void sendMessage(R message) {
      if (message instanceof ServerMessage it) {
        trace.sent(it);
      }
      super.sendMessage(message);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      trace.closing(status.getCode());
      super.close(status, trailers);
    }
  }

  private static final class Received<Q> extends SimpleForwardingServerCallListener<Q> {
    private final SessionTrace trace;

    Received(ServerCall.Listener<Q> listener, SessionTrace trace) {
      super(listener);
      this.trace = trace;
    }

    @Override
    public void onMessage(Q message) {
      if (message instanceof Uplink it) {
        trace.received(it);
      }
      super.onMessage(message);
    }

    @Override
    public void onCancel() {
      trace.ended(Status.Code.CANCELLED);
      super.onCancel();
    }

    @Override
    public void onComplete() {
      trace.ended(Status.Code.OK);
      super.onComplete();
    }
  }
}
