package dev.cleave.split.onnx;

import dev.cleave.split.block.AttentionSpec;
import java.nio.FloatBuffer;

/** T5's learned bias, spread from distance buckets to all pairs of positions. Stateless. */
public final class AttentionBias {
  /** The canonical tensor that holds it, {@code [buckets, heads]}. */
  public static final String NAME = "self.relative_bias.weight";

  private AttentionBias() {}

  /**
   * What is added to the scores of each head, query and key.
   *
   * @param table {@code [buckets, heads]}
   * @return {@code [heads, positions, positions]}
   */
  public static FloatBuffer spread(
      AttentionSpec.RelativeBias bias, int heads, FloatBuffer table, int positions) {
    int elements = Math.multiplyExact(heads, Math.multiplyExact(positions, positions));
    FloatBuffer all = FloatBuffer.allocate(elements);
    for (int head = 0; head < heads; head++) {
      for (int query = 0; query < positions; query++) {
        for (int key = 0; key < positions; key++) {
          all.put(table.get(bias.bucket(key - query) * heads + head));
        }
      }
    }
    return all.flip();
  }
}
