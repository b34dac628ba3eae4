package dev.cleave.edge;

import java.util.OptionalLong;

/**
 * How tokens are chosen. Immutable.
 *
 * @param temperature 0 is greedy, otherwise the logits are divided by it
 * @param topK keep the k likeliest tokens; 0 keeps all
 * @param topP keep the likeliest tokens that together have this probability; 1 keeps all
 * @param seed with the position this decides every draw; drawn anew for each answer where empty
 */
public record Sampling(float temperature, int topK, float topP, OptionalLong seed) {
  /** Always the likeliest token. */
  public static final Sampling GREEDY = new Sampling(0, 0, 1, OptionalLong.empty());

  public Sampling {
    if (!(temperature >= 0 && temperature <= 100)) {
      throw new IllegalArgumentException("temperature must be from 0 to 100, got " + temperature);
    }
    if (topK < 0) {
      throw new IllegalArgumentException("top-k must be at least 0, got " + topK);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p must be above 0 and at most 1, got " + topP);
    }
  }

  /** Whether chance plays no part. */
  public boolean greedy() {
    return temperature == 0;
  }

  /** This with a seed. */
  public Sampling withSeed(long seed) {
    return new Sampling(temperature, topK, topP, OptionalLong.of(seed));
  }
}
