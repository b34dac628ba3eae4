package dev.cleave.server.security;

import dev.cleave.server.tenant.Caller;
import dev.cleave.wire.WireHeaders;
import dev.cleave.wire.WireStatus;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.time.Clock;
import java.util.Iterator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets no call in whose token does not verify, and says of the others on whose behalf they come,
 * and for how long. The health service stays open: who asks it has no token. Thread-safe.
 *
 * <p>A token is looked at when a call begins. When it ends is for the call to heed: a session does
 * it between two answers, if it can.
 */
public final class TokenGate implements ServerInterceptor, AutoCloseable {
  private static final String HEALTH = "grpc.health.v1.Health";

  private final TokenVerifier verifier;
  private final Consumer<String> rejects;

  private TokenGate(TokenVerifier verifier, Consumer<String> rejects) {
    this.verifier = verifier;
    this.rejects = rejects;
  }

  /**
   * Reads the issuer's keys.
   *
   * @param rejects told the reason of each refusal
   * @throws dev.cleave.server.ServerException where they cannot be read
   */
  public static TokenGate open(TokenPolicy policy, Clock clock, Consumer<String> rejects) {
    return new TokenGate(TokenVerifier.open(policy, clock), rejects);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (HEALTH.equals(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    Caller caller;
    try {
      caller = verifier.caller(only(headers));
    } catch (StatusRuntimeException e) {
      rejects.accept(WireStatus.read(e).reason());
      Metadata trailers = e.getTrailers();
      call.close(e.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
    // Not for whoever is further in, nor for what they might write of headers.
    headers.removeAll(WireHeaders.AUTHORIZATION);
    return Contexts.interceptCall(caller.in(Context.current()), call, headers, next);
  }

  /** The header; two of them are none, since it would depend on the reader which one counts. */
  private static @Nullable String only(Metadata headers) {
    @Nullable Iterable<String> all = headers.getAll(WireHeaders.AUTHORIZATION);
    if (all == null) {
      return null;
    }
    Iterator<String> each = all.iterator();
    String first = each.next();
    return each.hasNext() ? "" : first;
  }

  @Override
  public void close() {
    verifier.close();
  }
}
