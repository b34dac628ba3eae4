package dev.cleave.codec;

import java.util.Optional;

/**
 * How hidden states are coded in a frame. The numbers are part of the format and equal those of
 * {@code cleave.v1.CodecMode}; they are never reused.
 */
public enum CodecMode {
  /** IEEE 754 binary32, little endian: exact. 32 bits per element. */
  RAW_F32(1, 1),
  /** IEEE 754 binary16, round half even. 16 bits per element, range +-65504. */
  RAW_F16(2, 2),
  /** bfloat16, round half even. 16 bits per element, the range of f32. */
  RAW_BF16(3, 3),
  /** The bits of RAW_F32, exponents entropy-coded: about 26.7 bits per element. */
  LOSSLESS_F32(8, 1),
  /** The bits of RAW_BF16, exponents entropy-coded: about 10.7 bits per element. */
  LOSSLESS_BF16(9, 3),
  /**
   * Signed 8-bit integers and one f32 scale a position, after a rotation that spreads each channel
   * over all of them: width + 4 bytes a position, always. With a profile, errors are in proportion
   * to the deviations of channels, about 42 dB below them; without one, equal in all channels.
   */
  INT8(16, 4),
  /**
   * As INT8, with 16 levels that suit the normal distribution: ceil(width / 2) + 4 bytes a
   * position, errors about 20 dB below the deviations of channels.
   */
  INT4(17, 5),
  /**
   * Multiples of one step, entropy-coded: as long as the step makes them, which is chosen frame by
   * frame to meet a target. About 0.26 bit per element above the bound of a normal source.
   */
  RATE(32, 6),
  /** As RATE, with a trellis between two quantisers: 0.15 bit less, at a dearer encoder. */
  RATE_TRELLIS(33, 6);

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
      case RAW_F32, RAW_F16, RAW_BF16, LOSSLESS_F32, LOSSLESS_BF16, INT8, INT4 -> false;
      case RATE, RATE_TRELLIS -> true;
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
