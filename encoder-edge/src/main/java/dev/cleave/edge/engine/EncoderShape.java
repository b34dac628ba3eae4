package dev.cleave.edge.engine;

/**
 * What a bundle says of its device half.
 *
 * @param width elements of the boundary tensor per position
 * @param maxPositions the longest input, in positions
 */
public record EncoderShape(int width, int maxPositions) {
  public EncoderShape {
    if (width < 1 || maxPositions < 1) {
      throw new IllegalArgumentException(
          "width and maxPositions must be at least 1, got %d and %d"
              .formatted(width, maxPositions));
    }
  }
}
