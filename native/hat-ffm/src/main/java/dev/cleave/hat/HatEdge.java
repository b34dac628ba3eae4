package dev.cleave.hat;

import dev.cleave.hat.quantise.QuantInfo;

/**
 * One input or output of a model: a tensor {@code [height, width, features]}, of which a text's has
 * height 1 and width positions.
 *
 * @param frameBytes of one frame in this type
 */
public record HatEdge(
    String name,
    boolean input,
    HatType type,
    int height,
    int width,
    int features,
    long frameBytes,
    QuantInfo quantisation) {
  /** Elements of one frame. */
  public int elements() {
    return Math.multiplyExact(Math.multiplyExact(height, width), features);
  }
}
