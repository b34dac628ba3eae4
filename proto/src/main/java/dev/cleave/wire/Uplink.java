package dev.cleave.wire;

import dev.cleave.v1.Open;
import java.nio.ByteBuffer;

/**
 * What a device sends on a Generate stream: {@code cleave.v1.DeviceMessage} as both sides of the
 * Java code handle it. On the wire it is plain protocol buffers; a frame just does not become a
 * {@code ByteString} on its way.
 */
public sealed interface Uplink {

  /**
   * Opens the session.
   *
   * @param open a request whose bundle id has 32 bytes and whose counts are below 2^31
   */
  record OpenSession(Open open) implements Uplink {
    /** Holds the request against what the wire allows. */
    public OpenSession {
      if (open.getBundleId().size() != WireLimits.BUNDLE_ID_BYTES) {
        throw new IllegalArgumentException(
            "bundle_id must be %d bytes, was %d"
                .formatted(WireLimits.BUNDLE_ID_BYTES, open.getBundleId().size()));
      }
      requireCount("prompt_positions", open.getPromptPositions());
      requireCount("max_new_tokens", open.getMaxNewTokens());
      requireCount("step_positions", open.getStepPositions());
      requireCount("top_k", open.getSampling().getTopK());
    }
  }

  /**
   * One codec frame, from the buffer's position to its limit.
   *
   * <p><b>Sending:</b> with {@code onNext} the bytes pass to the transport, which reads them when
   * it gets to it: at once on a busy stream, but after connecting on a cold channel, and a second
   * time when a call is retried. Never write to a buffer that was sent; give every frame one of its
   * own, or share one that never changes (the frames kept for replay). The buffer's position is not
   * moved. Heap buffers are written as they are, direct ones through a small scratch array.
   *
   * <p><b>Receiving:</b> the buffer is the receiver's own: heap, exactly one frame, kept as long as
   * it likes.
   */
  record Hidden(ByteBuffer frame) implements Uplink {
    /** Bounds the frame. */
    public Hidden {
      requireFrame(frame);
    }
  }

  /**
   * One codec frame of which every position is answered with a token. The buffer as in {@link
   * Hidden}.
   */
  record Step(ByteBuffer frame) implements Uplink {
    /** Bounds the frame. */
    public Step {
      requireFrame(frame);
    }
  }

  /**
   * No more frames come.
   *
   * @param positions sent in all frames together
   */
  record EndOfPrompt(int positions) implements Uplink {
    /** Bounds the count. */
    public EndOfPrompt {
      requireCount("positions", positions);
    }
  }

  /** The device wants no more tokens. */
  record Cancel() implements Uplink {}

  /**
   * What arrived was none of the others. Only received, never sent: the service answers it with
   * INVALID_ARGUMENT, which an exception out of a marshaller could not say.
   *
   * @param reason for the answer; repeats nothing of the message
   */
  record Invalid(String reason) implements Uplink {}

  private static void requireFrame(ByteBuffer frame) {
    if (frame.remaining() > WireLimits.MAX_FRAME_BYTES) {
      throw new IllegalArgumentException(
          "a frame may have %d bytes, this one has %d: send fewer positions in a frame"
              .formatted(WireLimits.MAX_FRAME_BYTES, frame.remaining()));
    }
  }

  private static void requireCount(String field, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(
          field + " must be below 2^31, was " + Integer.toUnsignedString(value));
    }
  }
}
