package dev.cleave.server.upper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cleave.server.engine.EngineException;
import dev.cleave.server.engine.StepResult;
import dev.cleave.split.torch.WeightPrecision;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many sessions in one step: prompts, single rows and verified drafts beside each other. */
class UpperSegmentsTest {
  private static final int SLOTS = RandomUpper.SLOTS;
  private static final int POSITIONS = 30;
  private static final long SEED = 7;

  @TempDir Path folder;

  /** Every slot at a place of its own; some take back what they just wrote, some start anew. */
  @ParameterizedTest
  @EnumSource
  void segmentsGiveWhatEachGivesAlone(RandomUpper.Form form) {
    RandomUpper model = new RandomUpper(form, SEED, folder);
    SplittableRandom random = new SplittableRandom(SEED);
    FloatBuffer[] states = new FloatBuffer[SLOTS];
    double[][][] expected = new double[SLOTS][][];
    for (int slot = 0; slot < SLOTS; slot++) {
      states[slot] = model.states(POSITIONS, 100 + slot);
      expected[slot] = new UpperReference(model).logits(states[slot], POSITIONS);
    }
    try (TorchUpperEngine engine = model.open()) {
      int[] length = new int[SLOTS];
      for (int slot = 0; slot < SLOTS; slot++) {
        engine.allocate(slot, POSITIONS + slot);
      }
      for (int step = 0; step < 60; step++) {
        List<Segment> segments = new ArrayList<>();
        for (int slot = random.nextInt(2); slot < SLOTS; slot += 1 + random.nextInt(2)) {
          if (length[slot] == POSITIONS) {
            engine.free(slot);
            engine.allocate(slot, POSITIONS);
            length[slot] = 0;
          }
          int start = Math.max(0, length[slot] - (random.nextInt(3) == 0 ? 3 : 0));
          int count = random.nextInt(3) == 0 ? 1 + random.nextInt(6) : 1;
          count = Math.min(count, POSITIONS - start);
          segments.add(new Segment(slot, start, count, random.nextInt(count + 1)));
          length[slot] = start + count;
        }
        requireEach(model, engine, segments, states, expected);
      }
    }
  }

  private static void requireEach(
      RandomUpper model,
      TorchUpperEngine engine,
      List<Segment> segments,
      FloatBuffer[] states,
      double[][][] expected) {
    StepResult result = engine.step(segments, together(model, segments, states), true);
    int row = 0;
    for (Segment segment : segments) {
      for (int at = segment.end() - segment.answers(); at < segment.end(); at++) {
        TorchUpperEngineTest.requireLike(
            expected[segment.slot()][at], result, row++, "seed " + SEED + " " + segment);
      }
    }
    assertThat(result.batch()).isEqualTo(row);
  }

  private static FloatBuffer together(
      RandomUpper model, List<Segment> segments, FloatBuffer[] states) {
    FloatBuffer all = RandomUpper.direct(RandomUpper.MAX_STEP * model.spec.width());
    for (Segment s : segments) {
      all.put(TorchUpperEngineTest.rows(model, states[s.slot()], s.start(), s.positions()));
    }
    return all.flip();
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "INT8"})
  void rejectedDraftsLeaveNothingBehind(WeightPrecision precision) {
    assumeThat(precision == WeightPrecision.INT8 && !VnniCheckTest.isHere()).isFalse();
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, SEED, folder);
    FloatBuffer states = model.states(POSITIONS, 1);
    FloatBuffer wrong = model.states(POSITIONS, 2);
    try (TorchUpperEngine engine = model.open(precision)) {
      engine.allocate(0, POSITIONS);
      engine.allocate(1, POSITIONS);
      for (int slot = 0; slot < 2; slot++) {
        engine.step(List.of(new Segment(slot, 0, 10, 0)), states, false);
      }
      engine.step(
          List.of(new Segment(1, 10, 8, 8)), TorchUpperEngineTest.rows(model, wrong, 0, 8), false);
      FloatBuffer next = TorchUpperEngineTest.rows(model, states, 10, 1);
      float[] never = copy(engine.step(List.of(new Segment(0, 10, 1, 1)), next, true));
      float[] taken = copy(engine.step(List.of(new Segment(1, 10, 1, 1)), next, true));
      assertThat(taken).isEqualTo(never);
    }
  }

  /** What a row's integers are depends on no other row, and their sums are exact. */
  @Test
  void int8RowsAreTheSameInAnyCompany() {
    assumeThat(VnniCheckTest.isHere()).isTrue();
    RandomUpper model = new RandomUpper(RandomUpper.Form.QWEN2, SEED, folder);
    try (TorchUpperEngine engine = model.open(WeightPrecision.INT8)) {
      FloatBuffer loud = RandomUpper.direct(8 * model.spec.width());
      FloatBuffer quiet = model.states(1, 1);
      loud.put(0, quiet, 0, quiet.capacity());
      for (int n = quiet.capacity(); n < loud.capacity(); n++) {
        loud.put(n, 1e4f * (float) Math.sin(n));
      }
      engine.allocate(0, 8);
      float[] alone = copy(engine.step(List.of(new Segment(0, 0, 1, 1)), quiet, true));
      float[] together = copy(engine.step(List.of(new Segment(0, 0, 8, 8)), loud, true));
      double largest = 0;
      double off = 0;
      for (int id = 0; id < alone.length; id++) {
        largest = Math.max(largest, Math.abs(alone[id]));
        off = Math.max(off, Math.abs(alone[id] - together[id]));
      }
      // attention and norms are summed in f32, and a value near a step's edge may cross it
      assertThat(off / largest).isLessThan(0.01);
    }
  }

  /** Relative L2 of the logits of these small random models; a step has 8 bits either way. */
  @ParameterizedTest
  @EnumSource
  void lesserPrecisionsStayNear(RandomUpper.Form form) {
    RandomUpper model = new RandomUpper(form, SEED, folder);
    FloatBuffer states = model.states(POSITIONS, 1);
    double[][] expected = new UpperReference(model).logits(states, POSITIONS);
    assertThat(relativeError(model, WeightPrecision.F32, states, expected)).isLessThan(1e-5);
    assertThat(relativeError(model, WeightPrecision.BF16, states, expected)).isLessThan(0.02);
    assumeThat(VnniCheckTest.isHere()).isTrue();
    assertThat(relativeError(model, WeightPrecision.INT8, states, expected)).isLessThan(0.04);
  }

  private static double relativeError(
      RandomUpper model, WeightPrecision precision, FloatBuffer states, double[][] expected) {
    try (TorchUpperEngine engine = model.open(precision)) {
      assertThat(engine.shape().precision()).isEqualToIgnoringCase(precision.name());
      engine.allocate(0, POSITIONS);
      float[] got =
          copy(engine.step(List.of(new Segment(0, 0, POSITIONS, POSITIONS)), states, true));
      double error = 0;
      double all = 0;
      for (int n = 0; n < got.length; n++) {
        double want = expected[n / expected[0].length][n % expected[0].length];
        error += (got[n] - want) * (got[n] - want);
        all += want * want;
      }
      return Math.sqrt(error / all);
    }
  }

  @Test
  void refusesWhatASlotDoesNotHold() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, SEED, folder);
    FloatBuffer states = model.states(64, 1);
    try (TorchUpperEngine engine = model.open()) {
      assertThatThrownBy(() -> engine.allocate(SLOTS, 1)).hasMessageContaining("got 5");
      assertThatThrownBy(() -> engine.allocate(0, 65)).hasMessageContaining("[1, 64], got 65");
      engine.allocate(0, 10);
      assertThatThrownBy(() -> engine.allocate(0, 10)).hasMessageContaining("not free");
      refuses(engine, states, "room for 0 positions", new Segment(1, 0, 1, 1));
      refuses(engine, states, "room for 10 positions", new Segment(0, 0, 11, 1));
      refuses(engine, states, "within the 0 positions", new Segment(0, 1, 1, 1));
      refuses(engine, states, "two segments", new Segment(0, 0, 1, 1), new Segment(0, 1, 1, 1));
      refuses(engine, states, "[1, 40], got 0");
      engine.allocate(1, 64);
      refuses(engine, states, "[1, 40], got 41", new Segment(1, 0, 41, 1));
      refuses(engine, states.duplicate().limit(95), "got 95", new Segment(1, 0, 2, 1));
      refuses(engine, FloatBuffer.allocate(48), "direct", new Segment(1, 0, 1, 1));
      // what was refused left no trace
      assertThat(engine.step(List.of(new Segment(0, 0, 10, 1)), states, false).batch())
          .isEqualTo(1);
      engine.free(0);
      engine.free(0);
      refuses(engine, states, "room for 0 positions", new Segment(0, 0, 1, 1));
    }
  }

  @Test
  void withoutAnswersNothingIsSaid() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, SEED, folder);
    FloatBuffer states = model.states(9, 1);
    TorchUpperEngine engine = model.open();
    try (engine) {
      engine.allocate(0, 10);
      StepResult result = engine.step(List.of(new Segment(0, 0, 8, 0)), states, true);
      assertThat(result.batch()).isZero();
      assertThat(result.logits().remaining()).isZero();
      assertThat(engine.step(List.of(new Segment(0, 8, 1, 0)), states, false).batch()).isZero();
      assertThatThrownBy(() -> result.argmax(0)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(result::logits).isInstanceOf(IllegalStateException.class);
    }
    assertThatThrownBy(() -> engine.allocate(1, 1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesWhatItCannotOpen() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, SEED, folder);
    RandomUpper other = new RandomUpper(RandomUpper.Form.QWEN2, SEED, folder);
    assertThatThrownBy(() ->
            TorchUpperEngine.open(model.spec, other.file, RandomUpper.options(WeightPrecision.F32)))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("upper.json knows no tensor layers.2.self.k.bias");
    assertThatThrownBy(() ->
            TorchUpperEngine.open(other.spec, model.file, RandomUpper.options(WeightPrecision.F32)))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("tensor layers.2.self.q.bias is missing");
    assertThatThrownBy(() -> model.open(WeightPrecision.F16))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("bf16");
  }

  private static void refuses(
      TorchUpperEngine engine, FloatBuffer states, String message, Segment... segments) {
    assertThatThrownBy(() -> engine.step(List.of(segments), states, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static float[] copy(StepResult result) {
    float[] logits = new float[result.logits().remaining()];
    result.logits().get(logits);
    return logits;
  }
}
