package dev.cleave.server.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {

  private static final int DRAWS = 20_000;

  private final Sampler sampler = new Sampler();

  @Test
  void greedyTakesTheLargestAndTheLowerIdOfATie() {
    assertThat(choose(Sampling.GREEDY, Set.of(), 0, 1, 5, 2, 5)).isEqualTo(1);
    assertThat(choose(Sampling.GREEDY, Set.of(1), 0, 1, 5, 2, 5)).isEqualTo(3);
    assertThat(choose(Sampling.GREEDY, Set.of(), 0, Float.NaN, -3, -2)).isEqualTo(2);
  }

  @Test
  void hasNoTokenWhenNothingIsLeft() {
    Sampling warm = new Sampling(1, 0, 0, 1);
    assertThat(choose(warm, Set.of(0), 0, 1, Float.NaN)).isEqualTo(-1);
    assertThat(choose(Sampling.GREEDY, Set.of(), 0, Float.NaN, Float.NaN)).isEqualTo(-1);
  }

  @Test
  void drawsFollowTheSoftmaxOfTheTemperature() {
    float[] logits = {0, 1, 2, -1};
    double[] expected = softmax(logits, 0.7);
    double[] seen = frequencies(new Sampling(0.7f, 0, 0, 42), logits);
    for (int id = 0; id < logits.length; id++) {
      // 20 000 draws: 5 standard deviations of a frequency are at most 0.018.
      assertThat(seen[id]).isCloseTo(expected[id], within(0.018));
    }
  }

  @Test
  void topKKeepsTheKLargestWithTheirProportions() {
    double[] seen = frequencies(new Sampling(1, 2, 0, 7), 0, 3, 1, 2);
    assertThat(seen[0]).isZero();
    assertThat(seen[2]).isZero();
    assertThat(seen[1]).isCloseTo(1 / (1 + Math.exp(-1)), within(0.018));
  }

  @Test
  void topPKeepsTheSmallestSetThatReachesIt() {
    // Probabilities 0.6439, 0.2369, 0.0871, 0.0321: 0.7 needs the first two.
    double[] seen = frequencies(new Sampling(1, 0, 0.7f, 7), 0, 3, 1, 2);
    assertThat(seen[0]).isZero();
    assertThat(seen[2]).isZero();
    assertThat(seen[3]).isPositive();
    double[] onlyBest = frequencies(new Sampling(1, 0, 0.6f, 7), 0, 3, 1, 2);
    assertThat(onlyBest[0] + onlyBest[2] + onlyBest[3]).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void topPAgreesWithAFullSort(long seed) {
    Random random = new Random(seed);
    float[] logits = new float[207];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian() * 4;
    }
    Integer[] byLogit = new Integer[logits.length];
    for (int i = 0; i < byLogit.length; i++) {
      byLogit[i] = i;
    }
    java.util.Arrays.sort(byLogit, (a, b) -> Float.compare(logits[b], logits[a]));
    double[] probabilities = softmax(logits, 1);
    Set<Integer> nucleus = new TreeSet<>();
    double sum = 0;
    for (int i = 0; sum < 0.9; i++) {
      nucleus.add(byLogit[i]);
      sum += probabilities[byLogit[i]];
    }
    Set<Integer> seen = new TreeSet<>();
    for (int position = 0; position < DRAWS; position++) {
      seen.add(choose(new Sampling(1, 0, 0.9f, seed), Set.of(), position, logits));
    }
    assertThat(nucleus).as("seed %d", seed).containsAll(seen);
    assertThat(seen.size()).as("seed %d", seed).isGreaterThan(nucleus.size() / 2);
  }

  @Test
  void theDrawDependsOnSeedAndPositionAlone() {
    Sampling sampling = new Sampling(1, 0, 0, 99);
    float[] logits = {1, 1, 1, 1, 1, 1, 1, 1};
    int[] first = new int[64];
    for (int i = 0; i < first.length; i++) {
      first[i] = choose(sampling, Set.of(), i, logits);
    }
    Sampler other = new Sampler();
    for (int i = first.length - 1; i >= 0; i--) {
      FloatBuffer row = FloatBuffer.wrap(logits);
      assertThat(other.choose(row, 0, logits.length, sampling, Set.of(), i)).isEqualTo(first[i]);
    }
    assertThat(java.util.Arrays.stream(first).distinct().count()).isGreaterThan(4);
  }

  @Test
  void readsTheRowAtItsOffset() {
    FloatBuffer rows = FloatBuffer.wrap(new float[] {9, 0, 0, 0, 0, 9});
    assertThat(sampler.choose(rows, 3, 3, Sampling.GREEDY, Set.of(), 0)).isEqualTo(2);
    assertThat(sampler.choose(rows, 3, 3, new Sampling(1, 1, 0, 5), Set.of(), 0)).isEqualTo(2);
  }

  @Test
  void countersOfSplitMix64AreThoseOfThePaper() {
    // With the seed mixed once: the first output of SplittableRandom(mix(0)) = mix(0 + gamma).
    assertThat(CounterRandom.bits(0, 0)).isEqualTo(new java.util.SplittableRandom(0).nextLong());
    double mean = 0;
    for (int i = 0; i < DRAWS; i++) {
      double draw = CounterRandom.uniform(12345, i);
      assertThat(draw).isBetween(0.0, 1.0);
      mean += draw / DRAWS;
    }
    assertThat(mean).isCloseTo(0.5, within(0.011));
  }

  @Test
  void refusesSamplingOutsideItsRange() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Sampling(-1, 0, 0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Sampling(Float.NaN, 0, 0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Sampling(1, -1, 0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Sampling(1, 0, 1.5f, 0));
  }

  private double[] frequencies(Sampling sampling, float... logits) {
    double[] seen = new double[logits.length];
    for (int position = 0; position < DRAWS; position++) {
      seen[choose(sampling, Set.of(), position, logits)] += 1.0 / DRAWS;
    }
    return seen;
  }

  private int choose(Sampling sampling, Set<Integer> suppressed, int position, float... logits) {
    return sampler.choose(
        FloatBuffer.wrap(logits), 0, logits.length, sampling, suppressed, position);
  }

  private static double[] softmax(float[] logits, double temperature) {
    double sum = 0;
    double[] p = new double[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(logits[i] / temperature);
      sum += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= sum;
    }
    return p;
  }
}
