package dev.cleave.codec;

import java.util.Optional;

/**
 * How hidden states are coded in a frame. The numbers are part of the format and equal those of
 * {@code cleave.v1.CodecMode}; they are never reused.
 *
 * <p>Kept free for modes to come: 8 LOSSLESS, 17 INT4, 32 RATE.
 */
public enum CodecMode {
  /** IEEE 754 binary32, little endian: exact. 32 bits per element. */
  RAW_F32(1, 4, 1),
  /** IEEE 754 binary16, round half even. 16 bits per element, range +-65504. */
  RAW_F16(2, 2, 2),
  /** bfloat16, round half even. 16 bits per element, the range of f32. */
  RAW_BF16(3, 2, 3),
  /**
   * Signed 8-bit integers in blocks of 64 along the width, each with its own f32 scale: 8.5 bits
   * per element. The error of an element is at most half of its block's scale, which is the largest
   * magnitude of the block over 127.
   */
  INT8(16, 1, 4);

  private static final int BLOCK = Int8Payload.BLOCK;

  private final int wireNumber;
  private final int elementBytes;
  private final int payloadDtype;

  CodecMode(int wireNumber, int elementBytes, int payloadDtype) {
    this.wireNumber = wireNumber;
    this.elementBytes = elementBytes;
    this.payloadDtype = payloadDtype;
  }

  /** The number of this mode in frames and in {@code cleave.v1.CodecMode}, 1 to 255. */
  public int wireNumber() {
    return wireNumber;
  }

  /** The mode with this number, or empty where this version knows none. */
  public static Optional<CodecMode> ofWireNumber(int wireNumber) {
    for (CodecMode mode : values()) {
      if (mode.wireNumber == wireNumber) {
        return Optional.of(mode);
      }
    }
    return Optional.empty();
  }

  /** Bytes that one position of {@code width} elements takes in the payload; constant per mode. */
  long bytesPerPosition(int width) {
    long scales = this == INT8 ? (width + BLOCK - 1L) / BLOCK * Float.BYTES : 0;
    return (long) width * elementBytes + scales;
  }

  /** The header's number for the type of the payload's elements. */
  int payloadDtype() {
    return payloadDtype;
  }
}
