package dev.cleave.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.hat.quantise.QuantInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames through models of the simulator: what comes out is what the model computes. */
class SimulatorTransfersTest {
  static final Duration LONG = Duration.ofSeconds(60);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

  @RegisterExtension final SimulatorLibrary simulator = new SimulatorLibrary();

  static void fill(HatFrame frame, int seed) {
    MemorySegment x = frame.buffer("x");
    for (int i = 0; i < x.byteSize() / 2; i++) {
      x.setAtIndex(SHORT, i, (short) (seed * 31 + i * 7));
    }
  }

  static void check(HatFrame frame, int seed) {
    MemorySegment y = frame.buffer("y");
    for (int i = 0; i < y.byteSize() / 2; i++) {
      assertThat(y.getAtIndex(SHORT, i) & 0xFFFF)
          .as("seed %d, element %d", seed, i)
          .isEqualTo(SimulatedModel.reluOf((seed * 31 + i * 7) & 0xFFFF, 0xFFFF));
    }
  }

  @Test
  void describesTheEdgesOfAModel() {
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(4, 6)))) {
      float low = -SimulatedModel.IN_ZERO * SimulatedModel.IN_SCALE;
      float high = (0xFFFF - SimulatedModel.IN_ZERO) * SimulatedModel.IN_SCALE;
      assertThat(model.edges().getFirst())
          .isEqualTo(
              new HatEdge(
                  "x",
                  true,
                  HatType.UINT16,
                  1,
                  4,
                  6,
                  48,
                  new QuantInfo(SimulatedModel.IN_SCALE, SimulatedModel.IN_ZERO, low, high)));
      assertThat(model.edges()).extracting(HatEdge::name).containsExactly("x", "y");
      assertThat(model.edges()).extracting(HatEdge::input).containsExactly(true, false);
      assertThat(model.edges()).extracting(HatEdge::elements).containsExactly(24, 24);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 16})
  void runsFramesOfEveryBatch(int batch) {
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)))) {
      model.batch(batch);
      try (HatSession session = model.open();
          HatFrame frame = session.frame()) {
        assertThat(frame.buffer("x").byteSize()).isEqualTo(7 * 12 * 2L * batch);
        for (int seed = 0; seed < 3; seed++) {
          fill(frame, seed);
          session.run(frame, LONG);
          check(frame, seed);
        }
      }
    }
  }

  @Test
  void runsAsManyFramesAsTheQueueTakesAtOnce() {
    SimulatorLibrary.configure("queue=3,latency_us=2000");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession session = model.open()) {
      assertThat(session.queueSize()).isEqualTo(3);
      List<HatFrame> frames = new ArrayList<>();
      List<HatTransfer> transfers = new ArrayList<>();
      for (int seed = 0; seed < 9; seed++) {
        HatFrame frame = session.frame();
        fill(frame, seed);
        frames.add(frame);
        transfers.add(session.start(frame, LONG));
      }
      for (int seed = 0; seed < 9; seed++) {
        transfers.get(seed).await(LONG);
        assertThat(transfers.get(seed).done()).isTrue();
        check(frames.get(seed), seed);
        frames.get(seed).close();
      }
    }
  }

  @Test
  void everyThreadGetsItsOwnResults() throws Exception {
    SimulatorLibrary.configure("queue=2,latency_us=100");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(16, 8)));
        HatSession session = model.open();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < 8; thread++) {
        int first = thread * 1000;
        all.add(
            threads.submit(() -> {
              for (int seed = first; seed < first + 25; seed++) {
                try (HatFrame frame = session.frame()) {
                  fill(frame, seed);
                  session.run(frame, LONG);
                  check(frame, seed);
                }
              }
            }));
      }
      for (Future<?> one : all) {
        one.get(LONG.toSeconds(), TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void replaysARecordedFrame() {
    List<Byte> inputs = Collections.nCopies(8, (byte) 3);
    List<Byte> outputs = Collections.nCopies(8, (byte) -7);
    byte[] file = SimulatedModel.table(8, List.of(new SimulatedModel.Recorded(inputs, outputs)));
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(file));
        HatSession session = model.open();
        HatFrame frame = session.frame()) {
      assertThat(model.edges().getFirst().quantisation().identity()).isTrue();
      frame.buffer("x").fill((byte) 3);
      session.run(frame, LONG);
      assertThat(frame.buffer("y").toArray(ValueLayout.JAVA_BYTE)).containsOnly(-7);
      frame.buffer("x").fill((byte) 4);
      assertThatThrownBy(() -> session.run(frame, LONG))
          .isInstanceOfSatisfying(
              HatException.class,
              e -> assertThat(e.category()).isEqualTo(HatException.Category.FATAL))
          .hasMessageContaining("INTERNAL_FAILURE");
      frame.buffer("x").fill((byte) 3);
      session.run(frame, LONG);
    }
  }
}
