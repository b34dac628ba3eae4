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

  /** The most positions of this stream that fit one frame under all limits; 0 when none does. */
  public int positionsPerFrame(StreamSpec spec) {
    if (spec.width() > maxWidth) {
      return 0;
    }
    return (int)
        Math.min(maxPositions, maxPayloadBytes / spec.mode().bytesPerPosition(spec.width()));
  }
}
