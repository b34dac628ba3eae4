package dev.cleave.server.admission;

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
public final class Refused extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient WireError error;

  private Refused(WireError error) {
    super(error.message(), null, false, false);
    this.error = error;
  }

  /** A refusal without metadata. */
  public Refused(WireReason reason, String message) {
    this(WireError.of(reason, message));
  }

  /** With one entry of metadata more. */
  public Refused with(String key, String value) {
    return new Refused(error.withMetadata(key, value));
  }

  /** With one entry of metadata more. */
  public Refused with(String key, long value) {
    return with(key, Long.toString(value));
  }

  /** With the time after which it makes sense to ask again. */
  public Refused retryAfter(Duration delay) {
    return new Refused(error.withRetryDelay(delay));
  }

  /** As named in ErrorInfo and in the metric of rejects. */
  public String reason() {
    return error.reason();
  }

  /** What the call ends with. */
  public StatusRuntimeException status() {
    return WireStatus.exception(error);
  }
}
