package dev.cleave.codec;

/**
 * What every frame of one stream has in common: agreed once when the stream is opened, and left out
 * of {@link HeaderForm#SHORT short} headers. Immutable.
 *
 * @param mode how the values are coded
 * @param width elements per position of the boundary tensor, 1 to {@value #MAX_WIDTH}
 */
public record StreamSpec(CodecMode mode, int width) {
  /** The widest boundary tensor the format speaks of. */
  public static final int MAX_WIDTH = 1 << 20;

  /** Checks the width. */
  public StreamSpec {
    if (width < 1 || width > MAX_WIDTH) {
      throw new IllegalArgumentException(
          "width of a stream must be 1 to " + MAX_WIDTH + ", was " + width);
    }
  }

  /** Bytes that {@code positions} take in the payload, without the header. */
  long payloadBytes(int positions) {
    return positions * mode.bytesPerPosition(width);
  }
}
