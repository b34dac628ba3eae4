package dev.cleave.split.torch;

/**
 * What the program's {@code kv} list holds of each layer: the two caches and the views of them that
 * a step starts from.
 */
enum Kv {
  /** {@code [2, slots, heads, maxNewTokens, headDim]}. */
  SELF(0),
  /** {@code [2, slots, heads, maxSource, headDim]}. */
  CROSS(1),
  /** View of SELF, {@code [2 slots heads maxNewTokens, headDim]}. */
  SELF_ROWS(2),
  /** View of SELF, {@code [slots, heads, maxNewTokens, headDim]}. */
  SELF_K(3),
  /** As SELF_K. */
  SELF_V(4),
  /** View of CROSS, {@code [slots, heads, maxSource, headDim]}. */
  CROSS_K(5),
  /** As CROSS_K. */
  CROSS_V(6);

  private static final int PER_LAYER = 7;

  private final int place;

  Kv(int place) {
    this.place = place;
  }

  String at(int layer) {
    return "kv[" + (layer * PER_LAYER + place) + "]";
  }
}
