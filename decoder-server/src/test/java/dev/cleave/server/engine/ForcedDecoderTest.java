package dev.cleave.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What the whole-answer program computes is what the step by step engine computes. */
class ForcedDecoderTest {
  /** Of the largest logit: f32 against f32, sums in another order. */
  private static final float TOLERANCE = 2e-4f;

  private static final long MEBIBYTE = 1 << 20;
  private static final long SEED = 7;

  static final List<String> FIXTURES = FixtureDecoder.NAMES;

  @TempDir static Path folder;

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void logitsAreThoseOfTheSteps(String name) {
    FixtureDecoder fixture = FixtureDecoder.split(name, folder);
    try (ForcedDecoder forced = open(fixture);
        TorchDecoderEngine engine = fixture.open(FixtureDecoder.options(1))) {
      ForcedBatch batch = new ForcedBatch();
      int[][] inputs = new int[2][];
      for (int row = 0; row < 2; row++) {
        // rows of different length, so that both are padded or cut by the mask
        int[] greedy = fixture.greedy(row).stream().mapToInt(Integer::intValue).toArray();
        inputs[row] = forced.inputs(row == 0 ? Arrays.copyOf(greedy, 9) : greedy);
        FloatBuffer hidden = fixture.hidden(row);
        batch.add(hidden, fixture.positions(hidden) - row, inputs[row]);
      }
      FloatBuffer together = forced.logits(batch);
      int vocabulary = fixture.spec().head().vocabulary();
      assertThat(together.remaining()).isEqualTo(2 * batch.tokens() * vocabulary);
      for (int row = 0; row < 2; row++) {
        FloatBuffer hidden = fixture.hidden(row);
        engine.prefill(0, hidden, fixture.positions(hidden) - row);
        for (int step = 0; step < inputs[row].length; step++) {
          FloatBuffer expected =
              engine.step(1, new long[] {inputs[row][step]}, new long[] {step}, true).logits();
          float largest = 0;
          for (int id = 0; id < vocabulary; id++) {
            largest = Math.max(largest, Math.abs(expected.get(id)));
          }
          for (int id = 0; id < vocabulary; id++) {
            float got = together.get((row * batch.tokens() + step) * vocabulary + id);
            assertThat(Math.abs(got - expected.get(id)))
                .as("row %d step %d id %d", row, step, id)
                .isLessThanOrEqualTo(TOLERANCE * largest);
          }
        }
        engine.clearSlot(0);
      }
    }
  }

  /**
   * Central differences of the log probability, each along another half of the gradient's elements
   * and a little of everything else: across the gradient they would drown in f32 rounding.
   */
  @ParameterizedTest
  @FieldSource("FIXTURES")
  void gradientIsThatOfFiniteDifferences(String name) {
    FixtureDecoder fixture = FixtureDecoder.split(name, folder);
    try (ForcedDecoder forced = open(fixture)) {
      SplittableRandom random = new SplittableRandom(SEED);
      FloatBuffer hidden = fixture.hidden(1);
      int positions = fixture.positions(hidden);
      int[] answer = fixture.greedy(1).stream().limit(6).mapToInt(Integer::intValue).toArray();
      float[] gradient = forced.gradient(hidden, positions, answer);
      assertThat(gradient).hasSize(positions * fixture.spec().stack().width());
      for (int direction = 0; direction < 8; direction++) {
        float[] towards = new float[gradient.length];
        double expected = 0;
        double slope = 0;
        for (int i = 0; i < towards.length; i++) {
          towards[i] = gradient[i] * random.nextInt(2) + 1e-3f * (float) random.nextDouble(-1, 1);
          slope += towards[i] * towards[i];
          expected += (double) gradient[i] * towards[i];
        }
        float step = (float) (1e-2 / Math.sqrt(slope));
        double found =
            (logProbability(forced, moved(hidden, towards, step), positions, answer)
                    - logProbability(forced, moved(hidden, towards, -step), positions, answer))
                / (2 * step);
        assertThat(found)
            .as("seed %d direction %d", SEED, direction)
            .isCloseTo(expected, Percentage.withPercentage(2));
      }
    }
  }

  @Test
  void rowsOfABatchHaveTheGradientsThatTheyHaveAlone() {
    FixtureDecoder fixture = FixtureDecoder.split("t5-v1.1-untied-gated-gelu", folder);
    try (ForcedDecoder forced = open(fixture)) {
      int width = fixture.spec().stack().width();
      ForcedBatch batch = new ForcedBatch();
      int[][] answers = {{5, 6, 7}, {9, 8, 7, 6, 5}};
      int[] lengths = new int[2];
      for (int row = 0; row < 2; row++) {
        FloatBuffer hidden = fixture.hidden(row);
        lengths[row] = fixture.positions(hidden) - row;
        batch.add(hidden, lengths[row], forced.inputs(answers[row]), answers[row]);
      }
      FloatBuffer together = forced.gradient(batch);
      float[] all = new float[together.remaining()];
      together.get(all);
      float largest = 0;
      for (float value : all) {
        largest = Math.max(largest, Math.abs(value));
      }
      for (int row = 0; row < 2; row++) {
        float[] alone = forced.gradient(fixture.hidden(row), lengths[row], answers[row]);
        int at = row * batch.positions() * width;
        for (int i = 0; i < batch.positions() * width; i++) {
          float expected = i < alone.length ? alone[i] : 0;
          assertThat(all[at + i]).isCloseTo(expected, Offset.offset(TOLERANCE * largest));
        }
      }
    }
  }

  @Test
  void refusesWhatItCannotCompute() {
    FixtureDecoder fixture = FixtureDecoder.split("bart", folder);
    FloatBuffer hidden = fixture.hidden(0);
    ForcedDecoder forced = open(fixture);
    try (forced) {
      assertThatThrownBy(() -> forced.logits(hidden, 1, new int[33]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at most 32");
      assertThatThrownBy(() -> forced.logits(hidden, 1, new int[] {1 << 20}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("vocabulary");
      assertThatThrownBy(() -> forced.logits(hidden, 1_000, new int[] {1}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("hidden states");
      assertThatThrownBy(() -> forced.logits(new ForcedBatch()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> forced.logits(hidden, 1, new int[] {1}))
        .isInstanceOf(IllegalStateException.class);
  }

  /** A lost tensor is over 400 bytes, a lost graph much more. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void callsLeakNothing() {
    FixtureDecoder fixture = FixtureDecoder.split("t5-v1.1-untied-gated-gelu", folder);
    try (ForcedDecoder forced = open(fixture)) {
      FloatBuffer hidden = fixture.hidden(0);
      rounds(forced, hidden, 300);
      assertThat(NativeHeap.steadyGrowth(() -> rounds(forced, hidden, 1_000))).isLessThan(200_000);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void closeGivesTheMemoryBack() {
    FixtureDecoder fixture = FixtureDecoder.split("marian", folder);
    useAndClose(fixture);
    assertThat(NativeHeap.steadyGrowth(() -> useAndClose(fixture, 10))).isLessThan(4 * MEBIBYTE);
  }

  private static void useAndClose(FixtureDecoder fixture, int count) {
    for (int n = 0; n < count; n++) {
      useAndClose(fixture);
    }
  }

  private static void useAndClose(FixtureDecoder fixture) {
    try (ForcedDecoder forced = open(fixture)) {
      FloatBuffer hidden = fixture.hidden(0);
      forced.gradient(hidden, fixture.positions(hidden), new int[] {1, 2, 3});
    }
  }

  private static void rounds(ForcedDecoder forced, FloatBuffer hidden, int count) {
    for (int n = 0; n < count; n++) {
      forced.logits(hidden, 1 + n % 2, new int[] {1, 2, 3});
      forced.gradient(hidden, 1 + n % 2, new int[] {1, 2, 3});
    }
  }

  private static ForcedDecoder open(FixtureDecoder fixture) {
    return ForcedDecoder.open(fixture.spec(), fixture.weights(), 32, 1);
  }

  private static FloatBuffer moved(FloatBuffer hidden, float[] towards, float step) {
    FloatBuffer moved = FloatBuffer.allocate(towards.length);
    for (int i = 0; i < towards.length; i++) {
      moved.put(i, hidden.get(i) + step * towards[i]);
    }
    return moved;
  }

  private static double logProbability(
      ForcedDecoder forced, FloatBuffer hidden, int positions, int[] answer) {
    float[] logits = forced.logits(hidden, positions, forced.inputs(answer));
    int vocabulary = logits.length / answer.length;
    double sum = 0;
    for (int n = 0; n < answer.length; n++) {
      double exponentials = 0;
      for (int id = 0; id < vocabulary; id++) {
        exponentials += Math.exp(logits[n * vocabulary + id]);
      }
      sum += logits[n * vocabulary + answer[n]] - Math.log(exponentials);
    }
    return sum;
  }
}
