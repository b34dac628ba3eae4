package dev.cleave.codec;

/**
 * The bytes are not a frame that this receiver accepts. The only exception that received bytes can
 * cause. The frame is lost as a whole: nothing that was written to the output means anything.
 */
public final class MalformedFrame extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What was wrong, and so whom to blame. */
  public enum Fault {
    /** Fewer or more bytes than the header announces. */
    LENGTH,
    /** A checksum differs: the bytes changed on the way. Sending them again may help. */
    CHECKSUM,
    /** The header contradicts the format or the agreement of the stream. */
    HEADER,
    /** The header announces more than this receiver's {@link FrameLimits}. */
    LIMIT,
    /** The payload holds what no encoder writes. */
    PAYLOAD
  }

  private final Fault fault;
  private final int offset;

  MalformedFrame(Fault fault, int offset, String message) {
    super("malformed frame at byte " + offset + ": " + message);
    this.fault = fault;
    this.offset = offset;
  }

  /** What was wrong. */
  public Fault fault() {
    return fault;
  }

  /** Where: the byte offset from the start of the frame. */
  public int offset() {
    return offset;
  }
}
