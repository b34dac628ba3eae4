package dev.cleave.server.upper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.engine.StepResult;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the engine computes in f32, against the formulas in f64. */
class TorchUpperEngineTest {
  /** Of the largest logit; f32 sums in another order. */
  private static final double TOLERANCE = 2e-4;

  private static final int POSITIONS = 33;
  private static final long SEED = 20;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void oneShotIsWhatTheFormulasSay(RandomUpper.Form form) {
    RandomUpper model = new RandomUpper(form, SEED, folder);
    FloatBuffer states = model.states(POSITIONS, 1);
    double[][] expected = new UpperReference(model).logits(states, POSITIONS);
    try (TorchUpperEngine engine = model.open()) {
      engine.allocate(2, POSITIONS);
      StepResult result =
          engine.step(List.of(new Segment(2, 0, POSITIONS, POSITIONS)), states, true);
      assertThat(result.batch()).isEqualTo(POSITIONS);
      for (int row = 0; row < POSITIONS; row++) {
        requireLike(expected[row], result, row, "position " + row);
      }
    }
  }

  /** In chunks of random lengths, some of them answered: prompts, steps and verified drafts. */
  @ParameterizedTest
  @EnumSource
  void chunksAreWhatOneShotIs(RandomUpper.Form form) {
    RandomUpper model = new RandomUpper(form, SEED, folder);
    FloatBuffer states = model.states(POSITIONS, 1);
    double[][] expected = new UpperReference(model).logits(states, POSITIONS);
    SplittableRandom random = new SplittableRandom(SEED);
    try (TorchUpperEngine engine = model.open()) {
      for (int most : new int[] {1, 4, 17}) {
        engine.allocate(1, MAX);
        int start = 0;
        while (start < POSITIONS) {
          int count = Math.min(POSITIONS - start, 1 + random.nextInt(most));
          int answers = random.nextInt(count + 1);
          FloatBuffer rows = rows(model, states, start, count);
          StepResult result =
              engine.step(List.of(new Segment(1, start, count, answers)), rows, true);
          assertThat(result.batch()).isEqualTo(answers);
          for (int n = 0; n < answers; n++) {
            int position = start + count - answers + n;
            requireLike(expected[position], result, n, "up to %d: %d".formatted(most, position));
          }
          start += count;
        }
        engine.free(1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatAStepLeftIsOverwrittenAndTheNextStepIsAsGood(RandomUpper.Form form) {
    RandomUpper model = new RandomUpper(form, SEED, folder);
    FloatBuffer states = model.states(POSITIONS, 1);
    double[][] expected = new UpperReference(model).logits(states, POSITIONS);
    List<Segment> all = List.of(new Segment(0, 0, POSITIONS, POSITIONS));
    try (TorchUpperEngine engine = model.open()) {
      engine.allocate(0, POSITIONS);
      FloatBuffer logits = engine.step(all, states, true).logits();
      assertThat(logits.get(0)).isNotZero();
      engine.forgetStep();
      while (logits.hasRemaining()) {
        assertThat(logits.get()).isZero();
      }
      requireLike(expected[3], engine.step(all, states, true), 3, "behind forgetting");
    }
  }

  private static final int MAX = RandomUpper.MAX_POSITIONS;

  static FloatBuffer rows(RandomUpper model, FloatBuffer states, int start, int count) {
    int width = model.spec.width();
    return states.duplicate().position(start * width).limit((start + count) * width);
  }

  static void requireLike(double[] expected, StepResult result, int row, String what) {
    double largest = 0;
    int best = 0;
    for (int id = 0; id < expected.length; id++) {
      largest = Math.max(largest, Math.abs(expected[id]));
      best = expected[id] > expected[best] ? id : best;
    }
    assertThat(result.argmax(row)).as(what).isEqualTo(best);
    for (int id = 0; id < expected.length; id++) {
      double got = result.logits().get(row * expected.length + id);
      assertThat(Math.abs(got - expected[id]))
          .as("%s id %d: %s for %s", what, id, got, expected[id])
          .isLessThanOrEqualTo(TOLERANCE * largest);
    }
  }
}
