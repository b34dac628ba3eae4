package dev.cleave.wire;

import dev.cleave.codec.MalformedFrame;
import io.grpc.Status;

/** Why a server refuses: the {@code reason} of ErrorInfo, each with its one status code. */
public enum WireReason {
  /** Not a message of the protocol. A programming error of the sender. */
  MALFORMED_MESSAGE(Status.Code.INVALID_ARGUMENT),
  /** A message that may not come now: frames before Open, a second Open. */
  MESSAGE_ORDER(Status.Code.INVALID_ARGUMENT),
  /** A frame of the wrong format, mode, width or position. */
  BAD_TENSOR(Status.Code.INVALID_ARGUMENT),
  /** A tensor with NaN or infinities. */
  NOT_FINITE(Status.Code.INVALID_ARGUMENT),
  /** More than agreed at Open, or more than this server ever takes. */
  LIMIT_EXCEEDED(Status.Code.INVALID_ARGUMENT),
  /** A codec, or a target of one, that this server does not speak. */
  CODEC_UNSUPPORTED(Status.Code.INVALID_ARGUMENT),
  /** A frame whose bytes changed on the way: replay. */
  CHECKSUM_MISMATCH(Status.Code.DATA_LOSS),
  /** No room for another session now; RetryInfo says when to ask again. */
  NO_KV_ROOM(Status.Code.RESOURCE_EXHAUSTED),
  /** More than this tenant is allowed at once or in this time; RetryInfo says when to ask again. */
  QUOTA_EXCEEDED(Status.Code.RESOURCE_EXHAUSTED),
  /** No token, or one that does not verify: expired, forged, of another issuer or audience. */
  UNAUTHENTICATED(Status.Code.UNAUTHENTICATED),
  /** A token that verifies, of a tenant that this server does not serve. */
  TENANT_REFUSED(Status.Code.PERMISSION_DENIED),
  /** The device has opened the session again, here: this stream of it is the older one. */
  SESSION_TAKEN_OVER(Status.Code.ABORTED),
  /** The halves belong to different bundles; both ids are in the metadata. */
  BUNDLE_MISMATCH(Status.Code.FAILED_PRECONDITION),
  /** Frames of a profile that is not the served bundle's; both hashes are in the metadata. */
  PROFILE_MISMATCH(Status.Code.FAILED_PRECONDITION),
  /** Logits are asked for and this server was not started to give them. */
  LOGITS_REFUSED(Status.Code.FAILED_PRECONDITION),
  /** The server warms up, or its decoder is broken: try again or elsewhere. */
  NOT_SERVING(Status.Code.UNAVAILABLE),
  /** The server is going away: open the session elsewhere. */
  DRAINING(Status.Code.UNAVAILABLE),
  /** A step of the engine did not end: the server gives up its sessions and ends. */
  ENGINE_STUCK(Status.Code.UNAVAILABLE),
  /** The other side, or the engine, was silent for too long. */
  STEP_TIMEOUT(Status.Code.DEADLINE_EXCEEDED),
  /** A fault of the server. */
  INTERNAL(Status.Code.INTERNAL);

  private final Status.Code code;

  WireReason(Status.Code code) {
    this.code = code;
  }

  /** The status code this reason travels under. */
  public Status.Code code() {
    return code;
  }

  /** The reason that a frame's fault is answered with. */
  public static WireReason of(MalformedFrame.Fault fault) {
    return switch (fault) {
      case CHECKSUM -> CHECKSUM_MISMATCH;
      case LIMIT -> LIMIT_EXCEEDED;
      case LENGTH, HEADER, PAYLOAD -> BAD_TENSOR;
    };
  }
}
