package dev.cleave.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.split.torch.WeightPrecision;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The engine computes what the original model computes, alone and in batches. */
class TorchDecoderEngineTest {
  /** Of the largest expected logit: f32 against f32, sums in another order. */
  private static final float F32_TOLERANCE = 2e-4f;

  /**
   * Median relative L2 over the steps. bfloat16 keeps 8 bits of every weight and activation, 4e-3
   * each; the fixtures' random weights amplify that in single steps (one has two keys that all but
   * tie under T5's unscaled scores), so the largest error of a step says nothing.
   */
  private static final double BF16_TOLERANCE = 5e-2;

  static final List<String> FIXTURES = FixtureDecoder.NAMES;

  @TempDir static Path folder;

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void stepsGiveTheLogitsOfTheOriginal(String name) {
    FixtureDecoder fixture = FixtureDecoder.split(name, folder);
    try (TorchDecoderEngine engine = fixture.open(FixtureDecoder.options(2))) {
      assertThat(largestError(fixture, engine, new ArrayList<>())).isLessThan(F32_TOLERANCE);
    }
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void bf16StepsStayNearTheOriginal(String name) {
    FixtureDecoder fixture = FixtureDecoder.split(name, folder);
    EngineOptions options = new EngineOptions("cpu", WeightPrecision.BF16, 2, 64, 32, 1);
    try (TorchDecoderEngine engine = fixture.open(options)) {
      List<Double> errors = new ArrayList<>();
      largestError(fixture, engine, errors);
      errors.sort(null);
      assertThat(errors.get(errors.size() / 2)).isLessThan(BF16_TOLERANCE);
      assertThat(engine.shape().precision()).isEqualTo("bf16");
    }
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void greedyTokensAreThoseOfTheOriginal(String name) {
    FixtureDecoder fixture = FixtureDecoder.split(name, folder);
    try (TorchDecoderEngine engine = fixture.open(FixtureDecoder.options(1))) {
      for (int row = 0; row < 2; row++) {
        FloatBuffer hidden = fixture.hidden(row);
        engine.prefill(0, hidden, fixture.positions(hidden));
        assertThat(decode(fixture, engine)).isEqualTo(fixture.greedy(row));
        engine.clearSlot(0);
      }
    }
  }

  @Test
  void whatAStepLeftIsOverwritten() {
    FixtureDecoder fixture = FixtureDecoder.split(FIXTURES.getFirst(), folder);
    try (TorchDecoderEngine engine = fixture.open(FixtureDecoder.options(1))) {
      FloatBuffer hidden = fixture.hidden(0);
      engine.prefill(0, hidden, fixture.positions(hidden));
      FloatBuffer logits = engine.step(1, new long[] {1}, new long[] {0}, true).logits();
      assertThat(logits.get(0)).isNotZero();
      engine.forgetStep();
      while (logits.hasRemaining()) {
        assertThat(logits.get()).isZero();
      }
    }
  }

  /** Sixteen sessions that joined at different steps, with prompts of different lengths. */
  @ParameterizedTest
  @FieldSource("FIXTURES")
  void rowsOfABatchGiveWhatTheyGiveAlone(String name) {
    FixtureDecoder fixture = FixtureDecoder.split(name, folder);
    int sessions = 16;
    try (TorchDecoderEngine engine = fixture.open(FixtureDecoder.options(sessions))) {
      List<List<Integer>> alone = new ArrayList<>();
      for (int session = 0; session < sessions; session++) {
        prefill(fixture, engine, 0, session);
        alone.add(decode(fixture, engine));
        engine.clearSlot(0);
      }
      List<List<Integer>> together = new ArrayList<>();
      long[] tokens = new long[sessions];
      int joined = 0;
      for (int step = 0; step < FixtureDecoder.GREEDY_TOKENS; step++) {
        if (joined < sessions) {
          prefill(fixture, engine, joined, joined);
          tokens[joined] = start(fixture);
          together.add(new ArrayList<>());
          joined++;
        }
        long[] positions = new long[joined];
        for (int row = 0; row < joined; row++) {
          positions[row] = together.get(row).size();
        }
        StepResult result = engine.step(joined, tokens, positions, false);
        for (int row = 0; row < joined; row++) {
          tokens[row] = result.argmax(row);
          together.get(row).add(result.argmax(row));
        }
      }
      for (int session = 0; session < sessions; session++) {
        List<Integer> answer = together.get(session);
        assertThat(answer).isEqualTo(alone.get(session).subList(0, answer.size()));
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void copiedSlotContinuesAndTheOriginalIsErased(String name) {
    FixtureDecoder fixture = FixtureDecoder.split(name, folder);
    List<Integer> expected = fixture.greedy(1);
    try (TorchDecoderEngine engine = fixture.open(FixtureDecoder.options(3))) {
      FloatBuffer hidden = fixture.hidden(1);
      engine.prefill(0, hidden, fixture.positions(hidden));
      int half = FixtureDecoder.GREEDY_TOKENS / 2;
      assertThat(FixtureDecoder.decode(engine, start(fixture), half))
          .isEqualTo(expected.subList(0, half));
      engine.copySlot(0, 2);
      engine.clearSlot(0);
      engine.copySlot(2, 1);
      FloatBuffer other = fixture.hidden(0);
      engine.prefill(0, other, fixture.positions(other));
      long[] tokens = {start(fixture), expected.get(half - 1)};
      List<Integer> rest = new ArrayList<>();
      List<Integer> fresh = new ArrayList<>();
      for (int step = 0; step < half; step++) {
        StepResult result = engine.step(2, tokens, new long[] {step, half + step}, false);
        tokens = new long[] {result.argmax(0), result.argmax(1)};
        fresh.add(result.argmax(0));
        rest.add(result.argmax(1));
      }
      assertThat(rest).isEqualTo(expected.subList(half, FixtureDecoder.GREEDY_TOKENS));
      assertThat(fresh).isEqualTo(fixture.greedy(0).subList(0, half));
    }
  }

  /** Of the largest expected logit; the relative L2 error of each step is added to the list. */
  private static float largestError(
      FixtureDecoder fixture, DecoderEngine engine, List<Double> errors) {
    float[] expected = fixture.logits();
    int vocabulary = fixture.spec().head().vocabulary();
    int steps = expected.length / vocabulary / 2;
    float largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    float error = 0;
    for (int batch = 1; batch <= 2; batch++) {
      for (int row = 0; row < batch; row++) {
        FloatBuffer hidden = fixture.hidden(row);
        engine.prefill(row, hidden, fixture.positions(hidden));
      }
      for (int step = 0; step < steps; step++) {
        long[] tokens = {fixture.inputs(0)[step], fixture.inputs(1)[step]};
        StepResult result = engine.step(batch, tokens, new long[] {step, step}, true);
        FloatBuffer logits = result.logits();
        assertThat(logits.remaining()).isEqualTo(batch * vocabulary);
        for (int row = 0; row < batch; row++) {
          double wrong = 0;
          double right = 0;
          for (int id = 0; id < vocabulary; id++) {
            float value = expected[(row * steps + step) * vocabulary + id];
            float difference = logits.get(row * vocabulary + id) - value;
            wrong += difference * difference;
            right += value * value;
            // NaN must not pass as a small error
            error = Math.max(error, Float.isNaN(difference) ? 1e9f : Math.abs(difference));
          }
          errors.add(Math.sqrt(wrong / right));
        }
      }
    }
    return error / largest;
  }

  private static void prefill(FixtureDecoder fixture, DecoderEngine engine, int slot, int session) {
    FloatBuffer hidden = fixture.hidden(session % 2);
    engine.prefill(slot, hidden, fixture.positions(hidden) - session / 2);
  }

  private static List<Integer> decode(FixtureDecoder fixture, DecoderEngine engine) {
    return FixtureDecoder.decode(engine, start(fixture), FixtureDecoder.GREEDY_TOKENS);
  }

  private static int start(FixtureDecoder fixture) {
    return fixture.spec().decoding().startTokenId();
  }
}
