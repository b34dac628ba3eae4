package dev.cleave.server.sampling;

/**
 * How a session chooses its tokens. Immutable.
 *
 * <p>The order of the filters is that of the transformers library: temperature, then top-k, then
 * top-p.
 *
 * @param temperature 0 is greedy, and the other components then have no effect
 * @param topK 0 keeps all
 * @param topP 0 or 1 keeps all
 * @param seed with the position it decides every draw
 */
public record Sampling(float temperature, int topK, float topP, long seed) {

  /** Always the largest logit. */
  public static final Sampling GREEDY = new Sampling(0, 0, 0, 0);

  /** Beyond this the distribution is flat, and a logit divided by it would lose its meaning. */
  public static final float MAX_TEMPERATURE = 100;

  public Sampling {
    if (!(temperature >= 0 && temperature <= MAX_TEMPERATURE)) {
      throw new IllegalArgumentException(
          "temperature must be in [0, " + MAX_TEMPERATURE + "], got " + temperature);
    }
    if (topK < 0) {
      throw new IllegalArgumentException("top_k must be in [0, 2^31), got " + topK);
    }
    if (!(topP >= 0 && topP <= 1)) {
      throw new IllegalArgumentException("top_p must be in [0, 1], got " + topP);
    }
  }

  /** Whether the largest logit is always taken. */
  public boolean greedy() {
    return temperature == 0;
  }
}
