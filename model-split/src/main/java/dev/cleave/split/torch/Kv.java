package dev.cleave.split.torch;

/**
 * What the program's {@code kv} list holds of each layer: the two caches and the views of them that
 * a step starts from.
 */
enum Kv {
  /** {@code [2, slots, heads, maxNewTokens, headDim]}. */
  SELF,
  /** {@code [2, slots, heads, maxSource, headDim]}. */
  CROSS,
  /** View of SELF, {@code [2 slots heads maxNewTokens, headDim]}. */
  SELF_ROWS,
  /** View of SELF, {@code [slots, heads, maxNewTokens, headDim]}. */
  SELF_K,
  /** As SELF_K. */
  SELF_V,
  /** View of CROSS, {@code [slots, heads, maxSource, headDim]}. */
  CROSS_K,
  /** As CROSS_K. */
  CROSS_V;

  String at(int layer) {
    return "kv[" + (layer * values().length + ordinal()) + "]";
  }
}
