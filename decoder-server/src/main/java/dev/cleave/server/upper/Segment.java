package dev.cleave.server.upper;

/**
 * What one session has in one step.
 *
 * @param slot where its KV is
 * @param start position of its first row; what the slot held from there on is forgotten, so it is
 *     at most the slot's length
 * @param positions rows, from 1
 * @param answers of how many of its last rows the logits are computed, from 0
 */
public record Segment(int slot, int start, int positions, int answers) {
  public Segment {
    if (slot < 0 || start < 0 || positions < 1) {
      throw new IllegalArgumentException(
          "slot and start must not be negative, positions from 1: %d, %d, %d"
              .formatted(slot, start, positions));
    }
    if (answers < 0 || answers > positions) {
      throw new IllegalArgumentException(
          "answers must be in [0, %d], got %d".formatted(positions, answers));
    }
  }

  /** One past the last row's position: the slot's length after the step. */
  public int end() {
    return start + positions;
  }
}
