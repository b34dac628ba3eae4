package dev.cleave.server.call;

import dev.cleave.codec.FrameInfo;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.session.RowQueue;
import dev.cleave.server.stream.FrameReader;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What one session has sent: turns its frames into rows and holds each of them to what was
 * announced. Confined to its call; borrows the queue.
 */
final class SessionReceiver {

  /** Rows that arrived, and the position of the first. */
  record Rows(RowQueue.Extent extent, int start) {}

  private final RowQueue queue;
  private final FrameReader frames;
  private final int reserved;
  private final int stepPositions;
  private int length;
  private int promptPositions;

  /** For a session that the policy has accepted, and steps of at most so many positions. */
  SessionReceiver(
      RowQueue queue, OpenPolicy.Accepted accepted, int stepPositions, OpenPolicy policy) {
    this.queue = queue;
    this.frames = new FrameReader(accepted.codec(), policy);
    this.reserved = accepted.promptPositions();
    this.stepPositions = stepPositions;
  }

  /** Whether a part of a prompt has come and its end has not. */
  boolean midPrompt() {
    return promptPositions > 0;
  }

  /**
   * Decodes a frame of a prompt.
   *
   * @param frame borrowed until return
   * @return null when the session is over
   * @throws Refused when it cannot follow what was sent
   */
  @Nullable Rows prompt(ByteBuffer frame) {
    FrameInfo info = frames.inspect(frame);
    checkPlace(info);
    Rows rows = receive(frame, info);
    // What a frame takes back may have been all of this prompt that had come, or none of it.
    promptPositions = info.positions() + Math.clamp(info.startPosition() - turnStart(), 0, length);
    length = info.startPosition() + info.positions();
    return rows;
  }

  /**
   * Decodes the frame of a step.
   *
   * @param frame borrowed until return
   * @return null when the session is over
   * @throws Refused when it cannot follow what was sent, or has more positions than agreed
   */
  @Nullable Rows step(ByteBuffer frame) {
    FrameInfo info = frames.inspect(frame);
    checkPlace(info);
    if (info.positions() > stepPositions) {
      throw new Refused(
              WireReason.LIMIT_EXCEEDED,
              "a step of %d positions exceeds the %d announced by Open"
                  .formatted(info.positions(), stepPositions))
          .with("field", "step_positions")
          .with("limit", stepPositions);
    }
    Rows rows = receive(frame, info);
    promptPositions = 0;
    length = info.startPosition() + info.positions();
    return rows;
  }

  /**
   * Checks the end of a prompt.
   *
   * @param announced what it counts
   * @throws Refused when the session has another length, or nothing came since the last answer
   */
  void endOfPrompt(int announced) {
    if (announced != length || promptPositions == 0) {
      throw new Refused(
              WireReason.MESSAGE_ORDER,
              "EndOfPrompt counts %d positions, the session has %d, %d of them since what was"
                      .formatted(announced, length, promptPositions)
                  + " asked last: end a prompt behind its last frame")
          .with("announced", announced)
          .with("received", length);
    }
    promptPositions = 0;
  }

  private int turnStart() {
    return length - promptPositions;
  }

  private @Nullable Rows receive(ByteBuffer frame, FrameInfo info) {
    RowQueue.Extent extent =
        queue.write(info.positions(), rows -> frames.decode(frame, info, rows));
    return extent == null ? null : new Rows(extent, info.startPosition());
  }

  private void checkPlace(FrameInfo info) {
    if (info.startPosition() > length) {
      throw new Refused(
              WireReason.BAD_TENSOR,
              "a frame starts at position %d, the session has %d: send what lies between"
                  .formatted(info.startPosition(), length))
          .with("expected", length);
    }
    long end = (long) info.startPosition() + info.positions();
    if (end > reserved) {
      throw new Refused(
              WireReason.LIMIT_EXCEEDED,
              "a frame ends at position %d, Open reserved %d".formatted(end, reserved))
          .with("field", "prompt_positions")
          .with("limit", reserved);
    }
  }
}
