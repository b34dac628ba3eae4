package dev.cleave.edge.engine;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

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

  /**
   * How many elements an input becomes.
   *
   * @param ids token ids {@code [positions]}
   * @param hidden where they shall go, from its position on
   * @throws CleaveException when there is nothing to encode
   * @throws IllegalArgumentException when there is no room for it
   */
  public int elements(LongBuffer ids, FloatBuffer hidden) {
    int positions = ids.remaining();
    if (positions == 0) {
      throw CleaveException.fatal(
          Code.INPUT, "there is nothing to encode: 0 positions", "give some text");
    }
    int elements = Math.multiplyExact(positions, width);
    if (hidden.remaining() < elements) {
      throw new IllegalArgumentException(
          "hidden must have room for %d x %d = %d elements, has %d"
              .formatted(positions, width, elements, hidden.remaining()));
    }
    return elements;
  }
}
