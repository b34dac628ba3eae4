package dev.cleave.edge.engine;

/**
 * What a bundle says of its device half, where the model was cut between two layers.
 *
 * @param width elements of the boundary tensor per position
 * @param layers the split point: layers on the device; 0 where it has the embedding alone
 * @param maxPositions the longest a session may become
 */
public record LowerShape(int width, int layers, int maxPositions) {
  public LowerShape {
    if (width < 1 || layers < 0 || maxPositions < 1) {
      throw new IllegalArgumentException(
          "width and maxPositions must be at least 1 and layers at least 0, got %d, %d and %d"
              .formatted(width, maxPositions, layers));
    }
  }
}
