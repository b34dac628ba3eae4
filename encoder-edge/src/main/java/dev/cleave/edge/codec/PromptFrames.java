package dev.cleave.edge.codec;

import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.wire.WireLimits;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Cuts the hidden states of one prompt into frames, of which the first has the long header. Where
 * it cuts depends on the number of positions alone. Confined to one thread.
 */
public final class PromptFrames {
  /** Frames smaller than the server allows let the network work while the codec does. */
  private static final int MAX_POSITIONS_PER_FRAME = 128;

  private final FrameEncoder encoder;
  private final FloatBuffer hidden;
  private final int width;
  private final int positionsPerFrame;
  private int start;

  /**
   * Frames of one prompt.
   *
   * @param hidden f32 [positions, width] from its position to its limit, borrowed as long as frames
   *     are taken; its position moves
   * @param allowed the most positions of one frame that the server takes, at least 1
   */
  public PromptFrames(StreamCodec codec, FloatBuffer hidden, int allowed) {
    StreamSpec spec = codec.spec();
    this.encoder = codec.encoder();
    this.hidden = hidden;
    this.width = spec.width();
    int positions = Math.min(MAX_POSITIONS_PER_FRAME, allowed);
    while (positions > 1 && encoder.maxEncodedBytes(positions) > WireLimits.MAX_FRAME_BYTES) {
      positions /= 2;
    }
    this.positionsPerFrame = positions;
  }

  /** Whether positions are left. */
  public boolean hasNext() {
    return hidden.remaining() >= width;
  }

  /**
   * The next frame, in a buffer of its own: gRPC may not have written it when sending returns.
   *
   * @throws IllegalArgumentException when the states cannot be coded, see {@link
   *     FrameEncoder#encode}
   */
  public ByteBuffer next() {
    int positions = Math.min(positionsPerFrame, hidden.remaining() / width);
    ByteBuffer frame = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    HeaderForm form = start == 0 ? HeaderForm.LONG : HeaderForm.SHORT;
    encoder.encode(hidden, start, positions, form, frame);
    start += positions;
    return frame.flip();
  }

  /** Positions in the frames so far. */
  public int positions() {
    return start;
  }
}
