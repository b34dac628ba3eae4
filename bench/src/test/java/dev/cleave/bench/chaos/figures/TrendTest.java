package dev.cleave.bench.chaos.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class TrendTest {
  private static final int SAMPLES = 700;

  @Test
  void findsALeakBelowNoise() {
    // 10 an hour under noise of 20 from sample to sample, and a wild one now and then.
    Trend trend = trend(hours -> 500 + 10 * hours, 20, 1);
    assertThat(trend.perHour()).isCloseTo(10, within(4.0));
    assertThat(trend.flat(1)).isFalse();
  }

  @Test
  void noiseAloneIsFlat() {
    int flat = 0;
    for (int seed = 0; seed < 50; seed++) {
      flat += trend(hours -> 500, 20, seed).flat(0) ? 1 : 0;
    }
    // The interval's lower end is above 0 in 1 of 40.
    assertThat(flat).isGreaterThan(44);
  }

  @Test
  void whatShrinksIsFlat() {
    assertThat(trend(hours -> 500 - 50 * hours, 5, 3).flat(0)).isTrue();
  }

  @Test
  void aConstantIsFlatAndOneStepMoreIsNot() {
    assertThat(trend(hours -> 22, 0, 4).flat(0)).isTrue();
    assertThat(trend(hours -> 22 + Math.floor(10 * hours), 0, 4).flat(1)).isFalse();
  }

  @Test
  void refusesTwoSamples() {
    assertThatThrownBy(() -> Trend.of(new double[] {0, 1}, new double[] {1, 2}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 3 samples, got 2");
  }

  private static Trend trend(DoubleUnaryOperator truth, double noise, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] hours = new double[SAMPLES];
    double[] values = new double[SAMPLES];
    for (int n = 0; n < SAMPLES; n++) {
      hours[n] = (double) n / SAMPLES;
      double wild = random.nextInt(50) == 0 ? 40 * noise : 0;
      values[n] = truth.applyAsDouble(hours[n]) + noise * (random.nextDouble() * 2 - 1) + wild;
    }
    return Trend.of(hours, values);
  }
}
