package dev.cleave.codec.rate;

import java.util.Optional;

/**
 * What the RATE modes aim at, frame by frame. Agreed when a stream is opened, as a kind and a whole
 * number, so that both sides compare it exactly. Immutable.
 */
public sealed interface RateTarget {
  /** The most that a target's number may be. */
  int MAX_NUMBER = 1 << 24;

  /**
   * The channel-normalised distortion, mean over elements of err^2 / var of the channel, is never
   * above this; the frame is as short as that allows.
   *
   * @param centibels hundredths of a decibel below 0 dB: 2000 is -20 dB; 1 to 12000
   */
  record Distortion(int centibels) implements RateTarget {
    public Distortion {
      require("centibels below 0 dB", centibels, 12_000);
    }

    /** The mean squared error over the variance, below 1. */
    public double normalisedError() {
      return Math.pow(10, centibels / -1000.0);
    }
  }

  /**
   * The payload is at most this, as near to it as the steps allow; or {@value #LEAST_BYTES} bytes
   * where this is less, as tiny frames have no room for less.
   *
   * @param millibits thousandths of a bit per element; 1 to 32000
   */
  record BitsPerElement(int millibits) implements RateTarget {
    /** What a frame may take whatever its target. */
    public static final int LEAST_BYTES = 64;

    public BitsPerElement {
      require("thousandths of a bit per element", millibits, 32_000);
    }
  }

  /**
   * The payload is exactly this times the positions, padded with zeros: lengths say nothing of the
   * content.
   *
   * @param bytes per position; at least 1
   */
  record BytesPerPosition(int bytes) implements RateTarget {
    public BytesPerPosition {
      require("bytes per position", bytes, MAX_NUMBER);
    }
  }

  /** The kind in frames and on the wire: 1 distortion, 2 bits per element, 3 bytes per position. */
  default int kind() {
    return switch (this) {
      case Distortion _ -> 1;
      case BitsPerElement _ -> 2;
      case BytesPerPosition _ -> 3;
    };
  }

  /** The number that goes with the kind. */
  default int number() {
    return switch (this) {
      case Distortion it -> it.centibels();
      case BitsPerElement it -> it.millibits();
      case BytesPerPosition it -> it.bytes();
    };
  }

  /** The target of this kind and number, or empty where there is none. */
  static Optional<RateTarget> of(int kind, int number) {
    try {
      return switch (kind) {
        case 1 -> Optional.of(new Distortion(number));
        case 2 -> Optional.of(new BitsPerElement(number));
        case 3 -> Optional.of(new BytesPerPosition(number));
        default -> Optional.empty();
      };
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static void require(String what, int number, int most) {
    if (number < 1 || number > most) {
      throw new IllegalArgumentException(
          "a target of %s must be 1 to %d, was %d".formatted(what, most, number));
    }
  }
}
