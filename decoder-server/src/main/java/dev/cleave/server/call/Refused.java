package dev.cleave.server.call;

import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.StatusRuntimeException;
import java.time.Duration;

/**
 * Carries a refusal from where it is found to the call that ends with it. Has no stack trace: it is
 * made for what clients send, as often as they like. The message may name sizes and limits, never
 * values of a tensor or token ids.
 */
final class Refused extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient WireError error;

  Refused(WireError error) {
    super(error.message(), null, false, false);
    this.error = error;
  }

  Refused(WireReason reason, String message) {
    this(WireError.of(reason, message));
  }

  Refused with(String key, String value) {
    return new Refused(error.withMetadata(key, value));
  }

  Refused with(String key, long value) {
    return with(key, Long.toString(value));
  }

  Refused retryAfter(Duration delay) {
    return new Refused(error.withRetryDelay(delay));
  }

  /** As named in ErrorInfo and in the metric of rejects. */
  String reason() {
    return error.reason();
  }

  StatusRuntimeException status() {
    return WireStatus.exception(error);
  }
}
