package dev.cleave.wire;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.cleave.codec.MalformedFrame;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Between {@link WireError} and {@code google.rpc.Status} with ErrorInfo and RetryInfo. */
public final class WireStatus {
  /** The domain of every ErrorInfo of ours. */
  public static final String DOMAIN = "cleave.dev";

  private static final long MAX_RETRY_SECONDS = Duration.ofDays(365).toSeconds();

  private WireStatus() {}

  /** What a service passes to {@code onError} or throws. */
  public static StatusRuntimeException exception(WireError error) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder()
            .setCode(error.code().value())
            .setMessage(error.message())
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(error.reason())
                        .setDomain(DOMAIN)
                        .putAllMetadata(error.metadata())
                        .build()));
    error.retryDelay().ifPresent(delay -> status.addDetails(Any.pack(retryInfo(delay))));
    return StatusProto.toStatusRuntimeException(status.build());
  }

  /** An error that needs no metadata. */
  public static StatusRuntimeException exception(WireReason reason, String message) {
    return exception(WireError.of(reason, message));
  }

  /** The answer to a frame that was refused: DATA_LOSS for checksums, else INVALID_ARGUMENT. */
  public static StatusRuntimeException exception(MalformedFrame malformed) {
    return exception(WireReason.of(malformed.fault()), String.valueOf(malformed.getMessage()));
  }

  /**
   * What a failed call says. A failure that is no status reads as UNKNOWN; details that are missing
   * or of another domain leave the reason empty.
   */
  public static WireError read(Throwable failure) {
    Status status = Status.fromThrowable(failure);
    Status.Code code = status.isOk() ? Status.Code.UNKNOWN : status.getCode();
    String message = status.getDescription() == null ? "" : status.getDescription();
    String reason = "";
    Map<String, String> metadata = Map.of();
    Optional<Duration> retryDelay = Optional.empty();
    com.google.rpc.Status details = StatusProto.fromThrowable(failure);
    if (details != null) {
      for (Any detail : details.getDetailsList()) {
        ErrorInfo info = unpack(detail, ErrorInfo.class, ErrorInfo.getDefaultInstance());
        if (info.getDomain().equals(DOMAIN)) {
          reason = info.getReason();
          metadata = info.getMetadataMap();
        }
        RetryInfo retry = unpack(detail, RetryInfo.class, RetryInfo.getDefaultInstance());
        if (retry.hasRetryDelay()) {
          retryDelay = delay(retry.getRetryDelay());
        }
      }
    }
    return new WireError(code, reason, message, metadata, retryDelay);
  }

  /** The fallback stands for what is of another type or does not parse: the code says enough. */
  private static <T extends Message> T unpack(Any detail, Class<T> type, T fallback) {
    try {
      return detail.is(type) ? detail.unpack(type) : fallback;
    } catch (InvalidProtocolBufferException unreadable) {
      return fallback;
    }
  }

  private static RetryInfo retryInfo(Duration delay) {
    return RetryInfo.newBuilder()
        .setRetryDelay(
            com.google.protobuf.Duration.newBuilder()
                .setSeconds(delay.getSeconds())
                .setNanos(delay.getNano()))
        .build();
  }

  /** A server's word is taken within reason: not negative, at most a year. */
  private static Optional<Duration> delay(com.google.protobuf.Duration delay) {
    boolean sane =
        delay.getSeconds() >= 0 && delay.getSeconds() <= MAX_RETRY_SECONDS && delay.getNanos() >= 0;
    return sane
        ? Optional.of(Duration.ofSeconds(delay.getSeconds(), delay.getNanos()))
        : Optional.empty();
  }
}
