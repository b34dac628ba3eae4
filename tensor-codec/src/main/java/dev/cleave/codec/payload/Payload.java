package dev.cleave.codec.payload;

import java.nio.ByteBuffer;

/**
 * Where the payload of a received frame lies and what its header says of it. Mutable, so that one
 * serves all frames of a stream; filled by the frame decoder, read by {@link PayloadCodec#decode}.
 */
public final class Payload {
  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private int offset;
  private int bytes;
  private int positions;
  private int stepIndex;

  /** Points at a payload whose length has been checked. */
  public Payload at(ByteBuffer frame, int payloadOffset, int payloadBytes) {
    this.buffer = frame;
    this.offset = payloadOffset;
    this.bytes = payloadBytes;
    return this;
  }

  /** Sets what the header says: rows, and the step index, 0 to 255, unchecked. */
  public Payload of(int rows, int step) {
    this.positions = rows;
    this.stepIndex = step;
    return this;
  }

  /** The frame, little endian. */
  public ByteBuffer buffer() {
    return buffer;
  }

  /** Index in {@link #buffer()} of the first byte. */
  public int offset() {
    return offset;
  }

  /** Length. */
  public int bytes() {
    return bytes;
  }

  /** Rows. */
  public int positions() {
    return positions;
  }

  /** The quantiser's step index, 0 to 255. */
  public int stepIndex() {
    return stepIndex;
  }
}
