package dev.cleave.codec;

import java.util.Optional;

/**
 * How hidden states are coded in a frame. The numbers are part of the format and equal those of
 * {@code cleave.v1.CodecMode}; they are never reused.
 *
 * <p>Kept free for modes to come: 8 LOSSLESS_F32, 9 LOSSLESS_BF16, 17 INT4.
 */
public enum CodecMode {
  /** IEEE 754 binary32, little endian: exact. 32 bits per element. */
  RAW_F32(1, 1),
  /** IEEE 754 binary16, round half even. 16 bits per element, range +-65504. */
  RAW_F16(2, 2),
  /** bfloat16, round half even. 16 bits per element, the range of f32. */
  RAW_BF16(3, 3),
  /**
   * Signed 8-bit integers in blocks of 64 along the width, each with its own f32 scale: 8.5 bits
   * per element. The error of an element is at most half of its block's scale, which is the largest
   * magnitude of the block over 127.
   */
  INT8(16, 4),
  /**
   * Multiples of one step, entropy-coded: as long as the step makes them, which is chosen frame by
   * frame to meet a target. About 0.26 bit per element above the bound of a normal source.
   */
  RATE(32, 6);

  private final int wireNumber;
  private final int payloadDtype;

  CodecMode(int wireNumber, int payloadDtype) {
    this.wireNumber = wireNumber;
    this.payloadDtype = payloadDtype;
  }

  /** The number of this mode in frames and in {@code cleave.v1.CodecMode}, 1 to 255. */
  public int wireNumber() {
    return wireNumber;
  }

  /** Whether frames of this mode aim at a {@link dev.cleave.codec.rate.RateTarget}. */
  public boolean hasTarget() {
    return switch (this) {
      case RAW_F32, RAW_F16, RAW_BF16, INT8 -> false;
      case RATE -> true;
    };
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

  /** The header's number for the type of the payload's elements. */
  int payloadDtype() {
    return payloadDtype;
  }
}
