package dev.cleave.edge.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.engine.EncoderEngine;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.HailoBuckets;
import dev.cleave.split.hailo.HailoHalf;
import dev.cleave.split.hailo.sim.SimCompiler;
import dev.cleave.split.hailo.sim.WeightBits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class HatEncoderTest {
  @SuppressWarnings("UnusedVariable") // read by FieldSource
  static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  private static final String TIMEOUT = "cleave.hat.timeout.millis";
  private static final int VOCABULARY = 400;

  /** What 16 bits for weights and activations, and text beyond the measured ranges, may cost. */
  private static final double TOLERANCE = 0.01;

  /** Every bundle is split and compiled once. */
  private static final Map<String, Bundle> BUNDLES = new HashMap<>();

  @TempDir static Path folder;

  @BeforeEach
  void begin() {
    Simulator.configure("");
    System.setProperty(TIMEOUT, "5000");
  }

  @AfterEach
  void nothingIsLeftOpen() {
    Simulator.configure("");
    System.clearProperty(TIMEOUT);
    Simulator.requireNothingOpen();
  }

  private static Bundle bundle(String fixture, WeightBits bits) {
    return BUNDLES.computeIfAbsent(
        fixture + bits,
        name -> {
          Path root = folder.resolve(name);
          SplitCompiler.split(
              Fixtures.file(fixture, ""),
              root,
              SplitOptions.defaults().withHailo(HailoBuckets.parse("8,24")),
              ProgressListener.NONE);
          List<LongBuffer> samples =
              IntStream.range(0, 40).mapToObj(i -> ids(1000 + i, 24)).toList();
          SimCompiler.compile(root, samples, bits, done -> {});
          return Bundle.open(root, Half.DEVICE);
        });
  }

  private static LongBuffer ids(long seed, int positions) {
    LongBuffer ids =
        ByteBuffer.allocateDirect(positions * Long.BYTES)
            .order(ByteOrder.nativeOrder())
            .asLongBuffer();
    Random random = new Random(seed);
    for (int i = 0; i < positions; i++) {
      ids.put(i, random.nextInt(VOCABULARY));
    }
    return ids;
  }

  private static HatEncoder open(Bundle bundle) {
    return HatEncoder.open(
        new HatPlan(
            EngineChoice.HAT_SIM,
            Simulator.file(),
            CompiledModels.of(bundle, CompiledName.Kind.SIM),
            bundle.file(HailoHalf.EMBEDDING),
            bundle.manifest().width()));
  }

  private static HatEncoder open() {
    return open(bundle("t5-v1.1-untied-gated-gelu", WeightBits.EIGHT));
  }

  private static float[] encode(EncoderEngine encoder, LongBuffer ids) {
    int elements = ids.remaining() * encoder.width();
    FloatBuffer hidden =
        ByteBuffer.allocateDirect(elements * Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    encoder.encode(ids, hidden);
    float[] copy = new float[elements];
    hidden.get(copy);
    return copy;
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void computesNearlyWhatOnnxRuntimeComputes(String fixture) {
    // 16 bits show that the arithmetic is right; with 8, scores of random weights fall another way.
    Bundle bundle = bundle(fixture, WeightBits.SIXTEEN);
    EncoderShape shape = new EncoderShape(bundle.manifest().width(), 64);
    try (OrtEncoder whole = OrtEncoder.open(bundle.file("encoder.onnx"), shape, 1);
        HatEncoder encoder = open(bundle)) {
      for (int positions : new int[] {1, 7, 8, 9, 13, 24}) {
        float[] wanted = encode(whole, ids(positions, positions));
        float[] actual = encode(encoder, ids(positions, positions));
        assertThat(relativeError(wanted, actual))
            .as("%d positions", positions)
            .isLessThan(TOLERANCE);
      }
    }
  }

  private static double relativeError(float[] wanted, float[] actual) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < wanted.length; i++) {
      error += Math.pow(wanted[i] - actual[i], 2);
      norm += Math.pow(wanted[i], 2);
    }
    return Math.sqrt(error / norm);
  }

  @Test
  void givesTheSameToManyAtOnce() throws Exception {
    try (HatEncoder encoder = open();
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<float[]> alone = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        alone.add(encode(encoder, ids(i, 1 + i)));
      }
      List<Future<float[]>> together = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        int seed = i;
        together.add(threads.submit(() -> encode(encoder, ids(seed, 1 + seed))));
      }
      for (int i = 0; i < 24; i++) {
        assertThat(together.get(i).get()).as("input %d", i).containsExactly(alone.get(i));
      }
    }
  }

  @Test
  void refusesWhatIsLongerThanTheLongestModel() {
    try (HatEncoder encoder = open()) {
      assertThat(encoder.maxPositions()).isEqualTo(24);
      assertThatThrownBy(() -> encode(encoder, ids(1, 25)))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
          .hasMessageContaining("25 positions")
          .hasMessageContaining("[8, 24]")
          .hasMessageContaining("--engine ort");
      assertThatThrownBy(() -> encode(encoder, ids(1, 0))).hasMessageContaining("0 positions");
      assertThatThrownBy(() -> encoder.encode(ids(1, 8), FloatBuffer.allocate(1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void isClosedOnce() {
    HatEncoder encoder = open();
    encoder.close();
    encoder.close();
    assertThatThrownBy(() -> encode(encoder, ids(1, 8)))
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
  }

  /** Faults in the middle of a stream that cost time at most. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lost_at_call=3",
        "launch_fails_at=3",
        "timeout_at=3,late_us=30000",
        "timeout_at=3,late_us=-1",
        "spurious_timeout_every=2",
        "throttled=1,latency_us=2000",
        "slow_callback_us=5000",
        "queue=1",
        "pcie_mb_s=1",
        "no_power_sensor=1,no_temperature_sensor=1,no_telemetry=1",
      })
  void givesTheSameInSpiteOf(String fault) {
    System.setProperty(TIMEOUT, "1500");
    try (HatEncoder encoder = open()) {
      List<float[]> right = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        right.add(encode(encoder, ids(i, 5 + i)));
      }
      Simulator.configure(fault);
      for (int i = 0; i < 6; i++) {
        assertThat(encode(encoder, ids(i, 5 + i))).as("input %d", i).containsExactly(right.get(i));
      }
    }
  }

  /** A fault that one input pays for, and no other. */
  @Test
  void failsOneInputAndGoesOn() {
    try (HatEncoder encoder = open()) {
      float[] right = encode(encoder, ids(1, 9));
      Simulator.configure("fails_at=3");
      for (int i = 1; i <= 6; i++) {
        if (i == 3) {
          assertThatThrownBy(() -> encode(encoder, ids(1, 9)))
              .isInstanceOfSatisfying(
                  CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.ENGINE))
              .hasMessageContaining("INTERNAL_FAILURE")
              .hasMessageContaining("--engine ort");
        } else {
          assertThat(encode(encoder, ids(1, 9))).as("input %d", i).containsExactly(right);
        }
      }
    }
  }

  @Test
  void opensTheBoardAgainOnceItIsFree() {
    try (HatEncoder encoder = open()) {
      float[] right = encode(encoder, ids(1, 9));
      Simulator.configure("lost_at_call=1,busy=1");
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> encode(encoder, ids(1, 9)))
            .isInstanceOf(CleaveException.class)
            .hasMessageContaining("DEVICE_IN_USE");
      }
      Simulator.configure("");
      assertThat(encode(encoder, ids(1, 9))).containsExactly(right);
    }
  }

  @Test
  void triesNoLongerThanItSays() {
    System.setProperty(TIMEOUT, "200");
    try (HatEncoder encoder = open()) {
      Simulator.configure("latency_us=2000000");
      assertThatThrownBy(() -> encode(encoder, ids(1, 9)))
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.RETRY);
                assertThat(e.code()).isEqualTo(Code.ENGINE);
              })
          .hasMessageContaining("TIMEOUT");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "devices=0         | OUT_OF_PHYSICAL_DEVICES",
        "busy=1            | DEVICE_IN_USE",
        "driver_missing=1  | DRIVER_NOT_INSTALLED",
        "driver_mismatch=1 | INVALID_DRIVER_VERSION",
        "hef_release=5003  | INVALID_HEF",
        "no_memory=1       | OUT_OF_HOST_MEMORY",
        "per_feature=1     | per feature",
      })
  void saysWhyItCannotBeOpened(String fault, String reason) {
    Bundle bundle = bundle("t5-v1.1-untied-gated-gelu", WeightBits.EIGHT);
    Simulator.configure(fault);
    assertThatThrownBy(() -> open(bundle))
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.category()).isEqualTo(Category.FATAL))
        .hasMessageContaining(reason);
  }
}
