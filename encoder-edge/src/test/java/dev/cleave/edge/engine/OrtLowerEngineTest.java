package dev.cleave.edge.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.onnx.DevicePrecision;
import dev.cleave.split.onnx.LowerEmitter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OrtLowerEngineTest {
  /** f32 against f64, of the largest value. */
  private static final double TOLERANCE = 5e-6;

  /** Inputs of linears are rounded to 8 bits too: 1 % of their length each, in three layers. */
  private static final double ROUNDED = 0.05;

  private static final long SEED = 20;
  private static final int MAX = LowerStacks.MAX_POSITIONS;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void computesWhatTheDescriptionSays(LowerStacks stack) {
    long[] ids = ids(37, 1);
    try (OrtLowerEngine engine = open(stack);
        LowerSession session = engine.open(MAX)) {
      assertThat(error(plain(stack, ids), append(engine, session, ids))).isLessThan(TOLERANCE);
      assertThat(session.length()).isEqualTo(37);
    }
  }

  @ParameterizedTest
  @EnumSource
  void computesWithRoundedWeightsWhatTheDescriptionSays(LowerStacks stack) {
    long[] ids = ids(37, 1);
    for (DevicePrecision precision : List.of(DevicePrecision.INT8, DevicePrecision.INT4)) {
      Path onnx = emit(stack, precision);
      float[] expected =
          new PlainStack(stack.spec(), LowerFile.read(onnx, stack.spec())).hidden(ids);
      try (OrtLowerEngine engine = open(stack, onnx);
          LowerSession session = engine.open(MAX)) {
        float[] actual = append(engine, session, Arrays.copyOf(ids, 30));
        for (int p = 30; p < ids.length; p++) {
          actual = join(actual, append(engine, session, ids[p]));
        }
        assertThat(distance(expected, actual)).as("%s", precision).isLessThan(ROUNDED);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void chunksOfAnyLengthGiveWhatOneCallGives(LowerStacks stack) {
    long[] ids = ids(MAX, 2);
    float[] expected = plain(stack, ids);
    try (OrtLowerEngine engine = open(stack)) {
      for (int[] chunks :
          new int[][] {{1, 47}, {47, 1}, {16, 16, 16}, {7, 13, 1, 1, 20, 6}, {5, 1, 1, 1, 40}}) {
        try (LowerSession session = engine.open(MAX)) {
          float[] actual = new float[0];
          int from = 0;
          for (int chunk : chunks) {
            actual =
                join(actual, append(engine, session, Arrays.copyOfRange(ids, from, from + chunk)));
            from += chunk;
          }
          assertThat(error(expected, actual)).as(Arrays.toString(chunks)).isLessThan(TOLERANCE);
        }
      }
      try (LowerSession session = engine.open(MAX)) {
        float[] actual = new float[0];
        for (long id : ids) {
          actual = join(actual, append(engine, session, id));
        }
        assertThat(error(expected, actual)).as("one by one").isLessThan(TOLERANCE);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void truncatedPositionsLeaveNoTrace(LowerStacks stack) {
    long[] prompt = ids(11, 3);
    long[] wrong = ids(9, 4);
    long[] right = ids(6, 5);
    try (OrtLowerEngine engine = open(stack);
        LowerSession straight = engine.open(MAX);
        LowerSession session = engine.open(MAX)) {
      append(engine, straight, prompt);
      append(engine, session, prompt);
      for (int kept : new int[] {0, 1, 8}) {
        append(engine, session, wrong);
        session.truncate(11 + kept);
        assertThat(session.length()).isEqualTo(11 + kept);
        session.truncate(11);
      }
      // the same kernels over the same values: nothing may differ in any bit
      assertThat(append(engine, session, right)).isEqualTo(append(engine, straight, right));
      session.truncate(0);
      assertThat(error(plain(stack, right), append(engine, session, right))).isLessThan(TOLERANCE);
    }
  }

  @Test
  void sessionsDoNotDisturbEachOther() {
    LowerStacks stack = LowerStacks.GROUPED;
    try (OrtLowerEngine engine = open(stack);
        LowerSession one = engine.open(20);
        LowerSession two = engine.open(33)) {
      long[] first = ids(20, 6);
      long[] second = ids(30, 7);
      float[] a = append(engine, one, Arrays.copyOf(first, 5));
      float[] b = append(engine, two, Arrays.copyOf(second, 17));
      for (int p = 5; p < 20; p++) {
        a = join(a, append(engine, one, first[p]));
        b = p < 18 ? join(b, append(engine, two, second[12 + p])) : b;
      }
      assertThat(error(plain(stack, first), a)).isLessThan(TOLERANCE);
      assertThat(error(plain(stack, second), b)).isLessThan(TOLERANCE);
    }
  }

  @Test
  void sessionsOfManyThreadsRunTogether() throws Exception {
    LowerStacks stack = LowerStacks.HEAD_NORM;
    try (OrtLowerEngine engine = open(stack);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Double>> errors =
          IntStream.range(0, 12)
              .mapToObj(n ->
                  threads.submit(() -> {
                    long[] ids = ids(9 + n, n);
                    try (LowerSession session = engine.open(MAX)) {
                      float[] hidden = new float[0];
                      for (int p = 0; p < ids.length; p += 3) {
                        long[] chunk = Arrays.copyOfRange(ids, p, Math.min(p + 3, ids.length));
                        hidden = join(hidden, append(engine, session, chunk));
                      }
                      return error(plain(stack, ids), hidden);
                    }
                  }))
              .toList();
      for (Future<Double> error : errors) {
        assertThat(error.get()).isLessThan(TOLERANCE);
      }
    }
  }

  @Test
  void writesInPlaceAndNothingElse() {
    try (OrtLowerEngine engine = open(LowerStacks.GROUPED);
        LowerSession session = engine.open(MAX)) {
      int elements = 3 * engine.width();
      FloatBuffer out = floats(elements + 20);
      IntStream.range(0, out.capacity()).forEach(i -> out.put(i, 42));
      out.position(10);
      LongBuffer in = longs(ids(5, 8)).position(1).limit(4);
      session.append(in, out);
      assertThat(out.position()).isEqualTo(10);
      assertThat(in.position()).isEqualTo(1);
      float[] written = new float[elements];
      out.get(10, written);
      float[] expected = plain(LowerStacks.GROUPED, Arrays.copyOfRange(ids(5, 8), 1, 4));
      assertThat(error(expected, written)).isLessThan(TOLERANCE);
      assertThat(out.get(9)).isEqualTo(42);
      assertThat(out.get(10 + elements)).isEqualTo(42);
    }
  }

  @Test
  void refusesMoreThanThereIsRoomForAndGoesOn() {
    try (OrtLowerEngine engine = open(LowerStacks.GROUPED);
        LowerSession session = engine.open(8)) {
      assertThat(session.capacity()).isEqualTo(8);
      append(engine, session, ids(6, 9));
      assertThatThrownBy(() -> append(engine, session, ids(3, 9)))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
          .hasMessageContaining("holds 6 positions")
          .hasMessageContaining("room for 8");
      assertThatThrownBy(() -> append(engine, session)).hasMessageContaining("0 positions");
      assertThat(session.length()).isEqualTo(6);
      append(engine, session, ids(2, 9));
      assertThat(session.length()).isEqualTo(8);
      assertThatThrownBy(() -> engine.open(MAX + 1))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("49")
          .hasMessageContaining("48");
      assertThatThrownBy(() -> session.truncate(9)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anIdOutsideTheVocabularyLeavesTheSessionAsItWas(DevicePrecision precision) {
    LowerStacks stack = LowerStacks.LEARNED_POSITIONS;
    Path onnx = emit(stack, precision);
    long[] ids = ids(3, 10);
    try (OrtLowerEngine engine = open(stack, onnx);
        LowerSession straight = engine.open(8);
        LowerSession session = engine.open(8)) {
      append(engine, straight, ids[0]);
      append(engine, session, ids[0]);
      for (long wrong : new long[] {-1, LowerStacks.VOCABULARY, Long.MAX_VALUE, Long.MIN_VALUE}) {
        assertThatThrownBy(() -> append(engine, session, 5, wrong))
            .isInstanceOfSatisfying(
                CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
            .hasMessageContaining("position 2 ")
            .hasMessageContaining("97");
      }
      assertThat(session.length()).isEqualTo(1);
      assertThat(append(engine, session, ids[1], ids[2]))
          .isEqualTo(append(engine, straight, ids[1], ids[2]));
    }
  }

  @Test
  void refusesBuffersThatAreNotDirectOrTooSmall() {
    try (OrtLowerEngine engine = open(LowerStacks.GROUPED);
        LowerSession session = engine.open(8)) {
      assertThatThrownBy(() -> session.append(LongBuffer.allocate(1), floats(engine.width())))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> session.append(longs(ids(2, 1)), floats(2 * engine.width() - 1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void failsInsteadOfCrashingAfterClose() {
    OrtLowerEngine engine = open(LowerStacks.GROUPED);
    LowerSession closed = engine.open(8);
    closed.close();
    closed.close();
    assertThatThrownBy(() -> append(engine, closed, 1))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("the session is closed");
    try (LowerSession session = engine.open(8)) {
      engine.close();
      engine.close();
      assertThatThrownBy(() -> append(engine, session, 1))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
    }
  }

  @Test
  void refusesAFileThatIsNoSuchModelOrOfAnotherShape() throws IOException {
    StackSpec spec = LowerStacks.GROUPED.spec();
    Path onnx = emit(LowerStacks.GROUPED, DevicePrecision.F32);
    assertThatThrownBy(() -> OrtLowerEngine.open(onnx, new LowerShape(7, spec.layers(), MAX), 1))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("7");
    assertThatThrownBy(() -> OrtLowerEngine.open(onnx, new LowerShape(spec.width(), 5, MAX), 1))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("3 layers")
        .hasMessageContaining("5");
    Files.writeString(onnx, "not a model");
    assertThatThrownBy(
            () -> OrtLowerEngine.open(onnx, new LowerShape(spec.width(), spec.layers(), MAX), 1))
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.BUNDLE))
        .hasMessageContaining(onnx.toString());
  }

  private OrtLowerEngine open(LowerStacks stack) {
    return open(stack, emit(stack, DevicePrecision.F32));
  }

  private static OrtLowerEngine open(LowerStacks stack, Path onnx) {
    StackSpec spec = stack.spec();
    return OrtLowerEngine.open(onnx, new LowerShape(spec.width(), spec.layers(), MAX), 2);
  }

  private Path emit(LowerStacks stack, DevicePrecision precision) {
    try (Arena arena = Arena.ofConfined()) {
      StackSpec spec = stack.spec();
      Path out = Files.createTempDirectory(folder, "lower");
      LowerEmitter.write(
          spec, SeededTensors.of(spec, SEED, arena), MAX, precision, out, bytes -> {});
      return out.resolve(LowerEmitter.GRAPH);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static float[] plain(LowerStacks stack, long[] ids) {
    try (Arena arena = Arena.ofConfined()) {
      StackSpec spec = stack.spec();
      return new PlainStack(spec, SeededTensors.of(spec, SEED, arena)).hidden(ids);
    }
  }

  private static float[] append(OrtLowerEngine engine, LowerSession session, long... ids) {
    FloatBuffer hidden = floats(ids.length * engine.width());
    session.append(longs(ids), hidden);
    float[] values = new float[hidden.remaining()];
    hidden.get(values);
    return values;
  }

  private static double error(float[] expected, float[] actual) {
    assertThat(actual).hasSameSizeAs(expected);
    double worst = 0;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs((double) expected[i] - actual[i]));
      largest = Math.max(largest, Math.abs(expected[i]));
      assertThat(actual[i]).isFinite();
    }
    return worst / largest;
  }

  /** Relative L2. */
  private static double distance(float[] expected, float[] actual) {
    assertThat(actual).hasSameSizeAs(expected);
    double error = 0;
    double energy = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow((double) expected[i] - actual[i], 2);
      energy += Math.pow(expected[i], 2);
    }
    return Math.sqrt(error / energy);
  }

  private static float[] join(float[] a, float[] b) {
    float[] joined = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, joined, a.length, b.length);
    return joined;
  }

  private static long[] ids(int count, long seed) {
    return new Random(seed).longs(count, 0, LowerStacks.VOCABULARY).toArray();
  }

  private static LongBuffer longs(long... values) {
    return ByteBuffer.allocateDirect(values.length * Long.BYTES)
        .order(ByteOrder.nativeOrder())
        .asLongBuffer()
        .put(values)
        .flip();
  }

  private static FloatBuffer floats(int elements) {
    return ByteBuffer.allocateDirect(elements * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }
}
