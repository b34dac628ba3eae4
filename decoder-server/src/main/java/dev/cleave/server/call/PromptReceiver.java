package dev.cleave.server.call;

import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameInfo;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.MalformedFrame;
import dev.cleave.codec.NonFinite;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.server.session.PromptBuffer;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Locale;

/**
 * Turns the frames of one stream into the prompt's hidden states, and holds each of them to what
 * was announced. Confined to its call; borrows the buffer.
 */
final class PromptReceiver {

  private final PromptBuffer prompt;
  private final FrameDecoder decoder;

  /** For frames that the policy has accepted. */
  PromptReceiver(PromptBuffer prompt, StreamSpec spec, OpenPolicy policy) {
    this.prompt = prompt;
    Profile profile = policy.model().codec().profile();
    this.decoder = FrameDecoder.of(spec, policy.frames(), spec.profile().isNone() ? null : profile);
  }

  /**
   * Decodes one frame behind the positions received so far.
   *
   * @param frame borrowed until return
   * @throws Refused when it is not the next frame of this stream
   */
  FrameInfo accept(ByteBuffer frame) {
    FrameInfo info;
    FloatBuffer rows;
    try {
      info = decoder.inspect(frame);
      checkPlace(info);
      rows = prompt.tail(info.positions());
      decoder.decode(frame, rows.duplicate());
    } catch (MalformedFrame e) {
      throw refused(e);
    }
    int bad = NonFinite.firstIndex(rows);
    if (bad >= 0) {
      int row = bad / info.spec().width();
      throw new Refused(
          WireReason.NOT_FINITE,
          "the hidden state of position %d is NaN or infinite: run the device half again"
              .formatted(info.startPosition() + row));
    }
    prompt.advance(info.positions());
    return info;
  }

  /**
   * @param announced what EndOfPrompt counts
   * @throws Refused when the frames carried something else, or nothing
   */
  void finish(int announced) {
    if (announced != prompt.positions() || announced == 0) {
      throw new Refused(
              WireReason.MESSAGE_ORDER,
              "EndOfPrompt counts %d positions, the frames carried %d"
                  .formatted(announced, prompt.positions()))
          .with("announced", announced)
          .with("received", prompt.positions());
    }
  }

  private void checkPlace(FrameInfo info) {
    if (prompt.positions() == 0 && info.form() != HeaderForm.LONG) {
      throw new Refused(
          WireReason.BAD_TENSOR, "the first frame of a stream must have the long header");
    }
    if (info.startPosition() != prompt.positions()) {
      throw new Refused(
              WireReason.BAD_TENSOR,
              "a frame starts at position %d, the next one is %d"
                  .formatted(info.startPosition(), prompt.positions()))
          .with("expected", prompt.positions());
    }
    int room = prompt.capacityPositions() - prompt.positions();
    if (info.positions() > room) {
      throw new Refused(
              WireReason.LIMIT_EXCEEDED,
              "a frame of %d positions exceeds the %d announced by Open by %d"
                  .formatted(info.positions(), prompt.capacityPositions(), info.positions() - room))
          .with("field", "prompt_positions")
          .with("limit", prompt.capacityPositions());
    }
  }

  private static Refused refused(MalformedFrame e) {
    return new Refused(WireReason.of(e.fault()), String.valueOf(e.getMessage()))
        .with("fault", e.fault().name().toLowerCase(Locale.ROOT))
        .with("offset", e.offset());
  }
}
