package dev.cleave.server.engine;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows for one call of {@link ForcedDecoder}: of each the boundary tensor of a prompt, what the
 * decoder is fed, and for gradients what it is to say to that. Borrows what it is given, until it
 * is cleared; confined to one thread at a time.
 */
public final class ForcedBatch {
  private final List<Row> rows = new ArrayList<>();
  private int positions;
  private int tokens;

  /** One row. Not a record: it holds arrays, and must never be printed. */
  static final class Row {
    final FloatBuffer hidden;
    final int positions;
    final int[] inputs;
    final int[] targets;

    Row(FloatBuffer hidden, int positions, int[] inputs, int[] targets) {
      this.hidden = hidden;
      this.positions = positions;
      this.inputs = inputs;
      this.targets = targets;
    }
  }

  /**
   * Adds a row for {@link ForcedDecoder#logits(ForcedBatch)}.
   *
   * @param hidden f32 {@code [positions, width]} from its position on, heap or direct
   * @param positions of the prompt, at least 1
   * @param inputs what the decoder is fed, at least one token, as a rule its start token first
   */
  public ForcedBatch add(FloatBuffer hidden, int positions, int[] inputs) {
    return add(hidden, positions, inputs, inputs);
  }

  /**
   * Adds a row for {@link ForcedDecoder#gradient(ForcedBatch)}.
   *
   * @param targets as many as inputs: the token whose probability counts behind each of them
   */
  public ForcedBatch add(FloatBuffer hidden, int positions, int[] inputs, int[] targets) {
    if (positions < 1 || inputs.length < 1 || targets.length != inputs.length) {
      throw new IllegalArgumentException(
          "a row needs positions and inputs, and as many targets: %d, %d and %d"
              .formatted(positions, inputs.length, targets.length));
    }
    rows.add(new Row(hidden, positions, inputs, targets));
    this.positions = Math.max(this.positions, positions);
    tokens = Math.max(tokens, inputs.length);
    return this;
  }

  /** Forgets all rows. */
  public void clear() {
    rows.clear();
    positions = 0;
    tokens = 0;
  }

  /** How many rows there are. */
  public int rows() {
    return rows.size();
  }

  /** Positions of the longest prompt. */
  public int positions() {
    return positions;
  }

  /** Inputs of the longest row. */
  public int tokens() {
    return tokens;
  }

  Row row(int index) {
    return rows.get(index);
  }
}
