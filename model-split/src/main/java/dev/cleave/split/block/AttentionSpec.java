package dev.cleave.split.block;

import java.util.Objects;
import java.util.Optional;

/**
 * Multi-head attention with grouped keys and values.
 *
 * <p>{@code softmax(scale * q k^T + position bias) v}, then the output projection. Query and output
 * projections are {@code heads * headDim} wide, key and value projections {@code kvHeads *
 * headDim}.
 *
 * @param layout how many heads of what size
 * @param bias which of the four projections have a bias
 * @param scale what the dot products are multiplied by; 1 for T5
 * @param positions how positions enter the attention itself
 * @param queryKeyNorm a norm over each head of q and k before positions are applied
 */
public record AttentionSpec(
    Layout layout,
    Biases bias,
    double scale,
    Positions positions,
    Optional<NormSpec> queryKeyNorm) {

  /**
   * How many heads of what size.
   *
   * @param heads query heads
   * @param kvHeads key and value heads; divides {@code heads}
   * @param headDim elements per head
   */
  public record Layout(int heads, int kvHeads, int headDim) {
    public Layout {
      Sizes.atLeastOne("heads", heads);
      Sizes.atLeastOne("kvHeads", kvHeads);
      Sizes.atLeastOne("headDim", headDim);
      if (heads % kvHeads != 0) {
        throw new IllegalArgumentException(
            "kvHeads must divide heads: " + kvHeads + " does not divide " + heads);
      }
    }
  }

  /** Which projections add a bias. */
  public record Biases(boolean query, boolean key, boolean value, boolean out) {
    /** No projection has one. */
    public static final Biases NONE = new Biases(false, false, false, false);

    /** All four have one. */
    public static final Biases ALL = new Biases(true, true, true, true);
  }

  /** How positions enter the attention. */
  public sealed interface Positions permits NoPositions, RelativeBias, Rope {}

  /** They do not. */
  public record NoPositions() implements Positions {}

  /**
   * T5's learned bias per head and distance bucket, added to the scaled dot products. One table
   * {@code self.relative_bias.weight [buckets, heads]} serves all layers of the stack.
   *
   * @param buckets rows of the table
   * @param maxDistance all distances from here on share the last bucket
   * @param bidirectional whether half of the buckets are for keys after the query
   */
  public record RelativeBias(int buckets, int maxDistance, boolean bidirectional)
      implements Positions {
    public RelativeBias {
      if (buckets < 4 || buckets > 65_536 || buckets % 4 != 0) {
        throw new IllegalArgumentException(
            "buckets must be a multiple of 4 in [4, 65536]: " + buckets);
      }
      int exact = (bidirectional ? buckets / 2 : buckets) / 2;
      if (maxDistance <= exact) {
        throw new IllegalArgumentException(
            "maxDistance must exceed the " + exact + " exact buckets: " + maxDistance);
      }
    }

    /**
     * The bucket of one signed distance, exactly as the reference implementation computes it (the
     * logarithm in f32).
     *
     * @param distance key position minus query position
     */
    public int bucket(int distance) {
      int half = buckets;
      int base = 0;
      int gap;
      if (bidirectional) {
        half /= 2;
        base = distance > 0 ? half : 0;
        gap = Math.abs(distance);
      } else {
        gap = Math.max(-distance, 0);
      }
      int exact = half / 2;
      if (gap < exact) {
        return base + gap;
      }
      float log = (float) Math.log((float) gap / exact);
      float ratio = log / (float) Math.log((double) maxDistance / exact) * (half - exact);
      return base + Math.min(exact + (int) ratio, half - 1);
    }
  }

  /**
   * Rotary embedding of q and k, halves rotated against each other: element i of the first half
   * with element i of the second.
   *
   * @param theta base of the frequencies
   * @param dimensions leading elements of each head that are rotated; even
   * @param scaling how the frequencies are stretched for long contexts
   */
  public record Rope(double theta, int dimensions, RopeScaling scaling) implements Positions {
    public Rope {
      Objects.requireNonNull(scaling, "scaling");
      if (!(theta > 1) || Double.isInfinite(theta)) {
        throw new IllegalArgumentException("theta must be finite and exceed 1: " + theta);
      }
      if (dimensions < 2 || dimensions % 2 != 0) {
        throw new IllegalArgumentException("dimensions must be even, from 2: " + dimensions);
      }
    }

    /** Not stretched. */
    public Rope(double theta, int dimensions) {
      this(theta, dimensions, new RopeScaling.None());
    }

    /**
     * The angle per position of each pair, {@code [dimensions / 2]}, in f32 as the reference
     * implementation computes them.
     */
    public float[] inverseFrequencies() {
      float[] frequencies = new float[dimensions / 2];
      for (int i = 0; i < frequencies.length; i++) {
        float plain = 1f / (float) Math.pow(theta, 2.0 * i / dimensions);
        frequencies[i] = scaling.apply(plain);
      }
      return frequencies;
    }
  }

  public AttentionSpec {
    Objects.requireNonNull(layout, "layout");
    Objects.requireNonNull(bias, "bias");
    Objects.requireNonNull(positions, "positions");
    Objects.requireNonNull(queryKeyNorm, "queryKeyNorm");
    if (!(scale > 0) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException("scale must be positive and finite: " + scale);
    }
    if (positions instanceof Rope rope && rope.dimensions() > layout.headDim()) {
      throw new IllegalArgumentException(
          "rope dimensions must not exceed headDim " + layout.headDim() + ": " + rope.dimensions());
    }
  }

  /** Query heads. */
  public int heads() {
    return layout.heads();
  }

  /** Key and value heads. */
  public int kvHeads() {
    return layout.kvHeads();
  }

  /** Elements per head. */
  public int headDim() {
    return layout.headDim();
  }

  /** Rows of the query projection and columns of the output projection. */
  public int queryWidth() {
    return Math.multiplyExact(layout.heads(), layout.headDim());
  }

  /** Rows of the key and of the value projection. */
  public int keyValueWidth() {
    return Math.multiplyExact(layout.kvHeads(), layout.headDim());
  }

  /** The relative bias, when positions enter that way. */
  public Optional<RelativeBias> relativeBias() {
    return positions instanceof RelativeBias bias ? Optional.of(bias) : Optional.empty();
  }
}
