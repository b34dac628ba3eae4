package dev.cleave.codec;

/**
 * The most a receiver accepts in one frame. Checked before anything is allocated or decoded, so
 * that a lying header costs its sender more than its receiver. Immutable.
 *
 * @param maxPositions positions per frame
 * @param maxWidth elements per position
 * @param maxPayloadBytes bytes after the header
 */
public record FrameLimits(int maxPositions, int maxWidth, int maxPayloadBytes) {
  /** Every limit is at least 1. */
  public FrameLimits {
    if (maxPositions < 1 || maxWidth < 1 || maxPayloadBytes < 1) {
      throw new IllegalArgumentException(
          "frame limits must be at least 1, were maxPositions=%d maxWidth=%d maxPayloadBytes=%d"
              .formatted(maxPositions, maxWidth, maxPayloadBytes));
    }
  }

  /**
   * The most positions of this stream that fit one frame under all limits, whatever their values; 0
   * when none does.
   */
  public int positionsPerFrame(StreamSpec spec) {
    if (spec.width() > maxWidth) {
      return 0;
    }
    int fits = 0;
    int tooMany = (int) Math.min(maxPositions, Integer.MAX_VALUE / (long) spec.width()) + 1;
    while (tooMany - fits > 1) {
      int middle = fits + (tooMany - fits) / 2;
      if (Payloads.maxBytes(spec, middle) <= maxPayloadBytes) {
        fits = middle;
      } else {
        tooMany = middle;
      }
    }
    return fits;
  }
}
