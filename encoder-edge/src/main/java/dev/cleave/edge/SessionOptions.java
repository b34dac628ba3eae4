package dev.cleave.edge;

import java.util.OptionalInt;

/**
 * What a caller may choose for a session; start from {@link #defaults()}. Immutable.
 *
 * @param positions room for prompts and answers of all turns, in tokens; all that the bundle allows
 *     where empty. Both sides set memory aside for it
 */
public record SessionOptions(OptionalInt positions) {
  private static final SessionOptions DEFAULTS = new SessionOptions(OptionalInt.empty());

  public SessionOptions {
    if (positions.isPresent() && positions.getAsInt() < 2) {
      throw new IllegalArgumentException(
          "a session needs room for at least 2 positions, got " + positions.getAsInt());
    }
  }

  /** All the room there is. */
  public static SessionOptions defaults() {
    return DEFAULTS;
  }

  /** This with another room. */
  public SessionOptions withPositions(int positions) {
    return new SessionOptions(OptionalInt.of(positions));
  }
}
