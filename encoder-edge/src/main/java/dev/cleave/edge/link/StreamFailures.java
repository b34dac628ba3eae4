package dev.cleave.edge.link;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Optional;

/**
 * Says in the SDK's terms why a call to one server failed. Immutable.
 *
 * @param server what to call it, its address as a rule
 * @param alone whether there is no other server to turn to
 * @param attempted what failed
 * @param bundleId of this device's bundle, hex, where it matters
 */
record StreamFailures(String server, boolean alone, String attempted, Optional<String> bundleId) {

  /** What gRPC says of a connection that ended without a word, as one does that wants TLS. */
  private static final String CLOSED = "Network closed";

  /**
   * The failure for a status.
   *
   * @param opened whether the server had opened the session, which is lost now
   */
  CleaveException of(StatusRuntimeException e, boolean opened) {
    Optional<TlsFault> tls = TlsFault.behind(e);
    if (tls.isPresent()) {
      return CleaveException.of(
              Code.LINK,
              // Another server may have another certificate.
              alone ? Category.FATAL : Category.RETRY,
              "%s at %s: %s".formatted(attempted, server, tls.get().what()),
              tls.get().next())
          .causedBy(e);
    }
    WireError error = WireStatus.read(e);
    CleaveException failure =
        CleaveException.of(
                code(error.code()),
                category(error.code(), opened),
                describe(error),
                next(error, opened))
            .causedBy(e);
    return error.retryDelay().map(failure::withRetryDelay).orElse(failure);
  }

  /** The failure when the server ends the stream well but without its last message. */
  CleaveException endedEarly() {
    return CleaveException.of(
        Code.PROTOCOL,
        Category.REOPEN_SESSION,
        "%s at %s: the server ended the stream without Done".formatted(attempted, server),
        "generate again, and check the server's version if it repeats");
  }

  private String describe(WireError error) {
    StringBuilder text = new StringBuilder();
    text.append(attempted).append(" at ").append(server).append(": ");
    text.append(error.code().name());
    if (!error.reason().isEmpty()) {
      text.append(' ').append(error.reason());
    }
    // What gRPC itself says of a deadline is about its insides.
    if (!error.message().isEmpty() && error.code() != Status.Code.DEADLINE_EXCEEDED) {
      // Behind the first line, gRPC lists its handlers.
      text.append(" (").append(error.message().lines().findFirst().orElse("")).append(')');
    }
    if (error.is(WireReason.BUNDLE_MISMATCH)) {
      bundleId.ifPresent(id -> text.append(" this device's bundle=").append(id));
    }
    // Ids and numbers only: the server knows no text, and what it says of a bundle names both ids.
    error
        .metadata()
        .forEach((key, value) -> text.append(' ').append(key).append('=').append(value));
    return text.toString();
  }

  private static Code code(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE, CANCELLED -> Code.LINK;
      case DEADLINE_EXCEEDED -> Code.DEADLINE;
      case UNIMPLEMENTED -> Code.PROTOCOL;
      default -> Code.SERVER;
    };
  }

  private static Category category(Status.Code code, boolean opened) {
    return switch (code) {
      case RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED -> Category.RETRY;
      case UNAVAILABLE, CANCELLED -> opened ? Category.REOPEN_SESSION : Category.RETRY;
      case ABORTED, DATA_LOSS -> Category.REOPEN_SESSION;
      default -> Category.FATAL;
    };
  }

  private static String next(WireError error, boolean opened) {
    return switch (error.code()) {
      case UNAVAILABLE, CANCELLED ->
          !opened && error.message().startsWith(CLOSED)
              ? "check that the server runs there and whether it wants TLS (--tls-ca), then try again"
              : "check that the server runs there, then try again";
      case UNAUTHENTICATED -> "get a new token and give it with --token or CLEAVE_TOKEN";
      case PERMISSION_DENIED -> "use a server of this tenant, or another token";
      case RESOURCE_EXHAUSTED ->
          error
              .retryDelay()
              .map(delay -> "try again in %d ms".formatted(delay.toMillis()))
              .orElse("try again later");
      case DEADLINE_EXCEEDED -> "allow more time, or ask for fewer tokens";
      case FAILED_PRECONDITION -> "start the server with this bundle's server half";
      case INVALID_ARGUMENT -> "change the request as the message says";
      case DATA_LOSS -> "send it again; if that repeats, check the machine's memory and network";
      case UNIMPLEMENTED -> "check that this is a Cleave server of this version";
      default -> "look at the server's log";
    };
  }
}
