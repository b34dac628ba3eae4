package dev.cleave.server.call;

import dev.cleave.codec.FrameInfo;
import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.session.PromptBuffer;
import dev.cleave.server.stream.FrameReader;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;

/**
 * Turns the frames of one stream into the prompt's hidden states, and holds each of them to what
 * was announced. Confined to its call; borrows the buffer.
 */
final class PromptReceiver {

  private final PromptBuffer prompt;
  private final FrameReader frames;

  /** For frames that the policy has accepted. */
  PromptReceiver(PromptBuffer prompt, StreamSpec spec, OpenPolicy policy) {
    this.prompt = prompt;
    this.frames = new FrameReader(spec, policy);
  }

  /**
   * Decodes one frame behind the positions received so far.
   *
   * @param frame borrowed until return
   * @throws Refused when it is not the next frame of this stream
   */
  FrameInfo accept(ByteBuffer frame) {
    FrameInfo info = frames.inspect(frame);
    checkPlace(info);
    frames.decode(frame, info, prompt.tail(info.positions()));
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
}
