package dev.cleave.edge.replay;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.StatusRuntimeException;

/** What the failure of a stream means for the session on it. */
enum Loss {
  /** Opening the session again, here or elsewhere, may mend it. */
  LOST,
  /** This server cannot take it, another may. */
  REFUSED,
  /** The server failed at this session, which may be the session's fault: worth one more try. */
  FAILED,
  /** Nothing mends it, or nobody wants it mended. */
  FINAL;

  static Loss of(CleaveException failure) {
    if (!(failure.getCause() instanceof StatusRuntimeException status)) {
      return switch (failure.code()) {
        case LINK, SERVER, PROTOCOL -> failure.category() == Category.FATAL ? FINAL : LOST;
        case INPUT, BUNDLE, TRUST, ENGINE, DEADLINE, DIVERGED, JOURNAL, CLOSED -> FINAL;
      };
    }
    WireError error = WireStatus.read(status);
    boolean ofTransport = error.reason().isEmpty();
    return switch (error.code()) {
      case UNAVAILABLE, CANCELLED, DATA_LOSS -> LOST;
      // The stream that took over is this session's own as well: two would fight for ever.
      case ABORTED -> error.is(WireReason.SESSION_TAKEN_OVER) ? FINAL : LOST;
      // Without a reason: a message above the limit of the transport.
      case RESOURCE_EXHAUSTED -> ofTransport ? FINAL : LOST;
      // Without a reason: the deadline that the caller set.
      case DEADLINE_EXCEEDED -> error.is(WireReason.STEP_TIMEOUT) ? LOST : FINAL;
      // Without a reason: bytes on the way that were not HTTP/2.
      case INTERNAL, UNKNOWN -> ofTransport ? LOST : FAILED;
      case FAILED_PRECONDITION, PERMISSION_DENIED, UNIMPLEMENTED -> REFUSED;
      case OK, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, OUT_OF_RANGE, UNAUTHENTICATED -> FINAL;
    };
  }
}
