package dev.cleave.server.upper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The upper layers as calibration reads them, against the formulas. */
class ForcedUpperTest {
  private static final int POSITIONS = 70;
  private static final long SEED = 3;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void logitsAreWhatTheFormulasSay(RandomUpper.Form form) {
    RandomUpper model = new RandomUpper(form, SEED, folder);
    FloatBuffer states = model.states(POSITIONS, 1);
    double[][] expected = new UpperReference(model).logits(states, POSITIONS);
    // more than go through the head at once, not in order
    int[] rows = IntStream.range(0, POSITIONS).map(n -> n * 3 % POSITIONS).toArray();
    try (ForcedUpper forced = open(model)) {
      FloatBuffer logits = forced.logits(states, POSITIONS, rows);
      assertThat(logits.remaining()).isEqualTo(POSITIONS * RandomUpper.VOCABULARY);
      for (int n = 0; n < rows.length; n++) {
        double[] wanted = expected[rows[n]];
        double largest = 0;
        for (double value : wanted) {
          largest = Math.max(largest, Math.abs(value));
        }
        for (int id = 0; id < wanted.length; id++) {
          assertThat(Math.abs(logits.get(n * wanted.length + id) - wanted[id]))
              .isLessThanOrEqualTo(2e-4 * largest);
        }
      }
    }
  }

  /** Central differences of the formulas in f64, along random directions. */
  @ParameterizedTest
  @EnumSource
  void gradientIsThatOfFiniteDifferences(RandomUpper.Form form) {
    RandomUpper model = new RandomUpper(form, SEED, folder);
    SplittableRandom random = new SplittableRandom(SEED);
    FloatBuffer states = model.states(POSITIONS, 1);
    int[] rows = IntStream.range(0, POSITIONS).filter(n -> n % 13 != 5).toArray();
    int[] targets = random.ints(rows.length, 0, RandomUpper.VOCABULARY).toArray();
    try (ForcedUpper forced = open(model)) {
      FloatBuffer gradient = FloatBuffer.allocate(POSITIONS * RandomUpper.WIDTH);
      gradient.put(forced.gradient(states, POSITIONS, rows, targets)).flip();
      assertThat(gradient.remaining()).isEqualTo(gradient.capacity());
      for (int direction = 0; direction < 3; direction++) {
        float[] towards = new float[gradient.remaining()];
        double slope = 0;
        double expected = 0;
        for (int n = 0; n < towards.length; n++) {
          towards[n] = gradient.get(n) * random.nextInt(2) + (float) random.nextDouble(-0.1, 0.1);
          slope += towards[n] * towards[n];
          expected += (double) gradient.get(n) * towards[n];
        }
        double step = 1e-3 / Math.sqrt(slope);
        double found =
            (probability(model, moved(states, towards, step), rows, targets)
                    - probability(model, moved(states, towards, -step), rows, targets))
                / (2 * step);
        // the states themselves are f32, so that a small step is a coarse one
        assertThat(found)
            .as("seed %d direction %d", SEED, direction)
            .isCloseTo(expected, Percentage.withPercentage(2));
      }
      // and again: what the first call kept for itself changes nothing
      assertThat(forced.gradient(states, POSITIONS, rows, targets)).isEqualTo(gradient);
    }
  }

  @Test
  void refusesWhatItCannotCompute() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, SEED, folder);
    FloatBuffer states = model.states(4, 1);
    ForcedUpper forced = open(model);
    try (forced) {
      assertThatThrownBy(() -> forced.logits(states, 81, new int[1]))
          .hasMessageContaining("got 81");
      assertThatThrownBy(() -> forced.logits(states, 5, new int[1]))
          .hasMessageContaining("got 192");
      assertThatThrownBy(() -> forced.logits(states, 4, new int[0])).hasMessageContaining("got 0");
      assertThatThrownBy(() -> forced.logits(states, 4, new int[] {4}))
          .hasMessageContaining("[0, 4), got 4");
      assertThatThrownBy(() -> forced.gradient(states, 4, new int[2], new int[1]))
          .hasMessageContaining("as many targets");
      assertThatThrownBy(() -> forced.gradient(states, 4, new int[1], new int[] {97}))
          .hasMessageContaining("vocabulary");
    }
    assertThatThrownBy(() -> forced.logits(states, 4, new int[1]))
        .isInstanceOf(IllegalStateException.class);
  }

  private static ForcedUpper open(RandomUpper model) {
    return ForcedUpper.open(model.spec, model.file, 80, 1);
  }

  private static FloatBuffer moved(FloatBuffer states, float[] towards, double step) {
    FloatBuffer moved = FloatBuffer.allocate(towards.length);
    for (int n = 0; n < towards.length; n++) {
      moved.put(n, (float) (states.get(n) + step * towards[n]));
    }
    return moved;
  }

  private static double probability(
      RandomUpper model, FloatBuffer states, int[] rows, int[] targets) {
    double[][] logits = new UpperReference(model).logits(states, POSITIONS);
    double sum = 0;
    for (int n = 0; n < rows.length; n++) {
      double all = 0;
      for (double logit : logits[rows[n]]) {
        all += Math.exp(logit);
      }
      sum += logits[rows[n]][targets[n]] - Math.log(all);
    }
    return sum;
  }
}
