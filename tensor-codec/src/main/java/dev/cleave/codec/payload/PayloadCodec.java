package dev.cleave.codec.payload;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Codes the rows of one frame after another, each frame by itself. Owns its scratch memory, which
 * grows to the largest frame and is used again: in steady state nothing is allocated. Confined to
 * one thread.
 *
 * <p>The caller has checked every size, and byte buffers come little endian. Buffers are borrowed
 * until return; only absolute access is used, so no position or limit moves.
 */
public interface PayloadCodec {
  /** The fewest payload bytes that a frame of so many positions can have. */
  long minBytes(int positions);

  /** The most payload bytes that a frame of so many positions can have. */
  long maxBytes(int positions);

  /**
   * Entropy-coder lanes of a frame of so many positions: a rule of the format, announced by the
   * long header; 0 in modes that have none.
   */
  default int lanes(int positions) {
    return 0;
  }

  /** The quantiser's step index of the frame encoded last, 0 to 255; 0 in modes that have none. */
  default int stepIndex() {
    return 0;
  }

  /**
   * Writes the payload of one frame.
   *
   * @param values f32 [positions, width] from index {@code at} on
   * @param out room for {@link #maxBytes} from index {@code offset} on
   * @return bytes written
   * @throws IllegalArgumentException when the values cannot be coded in this mode, saying which
   *     position and channels, what is wrong and what to use instead; never their values
   */
  int encode(FloatBuffer values, int at, int positions, ByteBuffer out, int offset);

  /**
   * Reads the payload of one frame, all of it.
   *
   * @param in its length is within {@link #minBytes} and {@link #maxBytes}
   * @param out takes f32 [positions, width] from index {@code at} on
   * @throws CorruptPayload when no encoder writes this; what was written to {@code out} then means
   *     nothing
   */
  void decode(Payload in, FloatBuffer out, int at);
}
