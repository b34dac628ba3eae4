package dev.cleave.wire;

import io.grpc.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A refusal as it travels in {@code google.rpc.Status}. Immutable.
 *
 * @param code the gRPC status code
 * @param reason of ErrorInfo: the name of a {@link WireReason} or of one that a newer server knows;
 *     empty when the status came from the transport
 * @param message for people; holds nothing of a prompt or tensor
 * @param metadata of ErrorInfo: ids and limits
 * @param retryDelay of RetryInfo: when asking again makes sense
 */
public record WireError(
    Status.Code code,
    String reason,
    String message,
    Map<String, String> metadata,
    Optional<Duration> retryDelay) {

  /** Copies the metadata. */
  public WireError {
    if (code == Status.Code.OK) {
      throw new IllegalArgumentException("an error has a code other than OK");
    }
    metadata = Map.copyOf(metadata);
  }

  /** An error without metadata or retry delay. */
  public static WireError of(WireReason reason, String message) {
    return new WireError(reason.code(), reason.name(), message, Map.of(), Optional.empty());
  }

  /** With one entry more. */
  public WireError withMetadata(String key, String value) {
    Map<String, String> more = new HashMap<>(metadata);
    more.put(key, value);
    return new WireError(code, reason, message, more, retryDelay);
  }

  /** With the time after which the caller may ask again. */
  public WireError withRetryDelay(Duration delay) {
    if (delay.isNegative()) {
      throw new IllegalArgumentException("retry delay must not be negative, was " + delay);
    }
    return new WireError(code, reason, message, metadata, Optional.of(delay));
  }

  /** Whether this is the reason. */
  public boolean is(WireReason expected) {
    return reason.equals(expected.name());
  }
}
