package dev.cleave.hat;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Many threads, little patience, and a fault in mid-stream: a frame is right or its error is one of
 * those documented, nobody hangs, and nothing stays open.
 */
class SimulatorStormTest {
  private static final Duration LONG = SimulatorTransfersTest.LONG;
  private static final int THREADS = 6;
  private static final int FRAMES = 60;
  private static final Duration[] PATIENCE = {
    Duration.ZERO, Duration.ofMillis(1), LONG, LONG, LONG
  };

  @RegisterExtension final SimulatorLibrary simulator = new SimulatorLibrary();

  private final AtomicInteger right = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1 | latency_us=300,queue=2",
        "2 | latency_us=300,queue=2,timeout_at=7,late_us=20000",
        "3 | latency_us=300,queue=3,lost_at_call=60",
        "4 | latency_us=300,queue=3,launch_fails_at=60",
        "5 | latency_us=100,queue=3,fails_at=60",
        "6 | latency_us=100,queue=4,slow_callback_us=300,spurious_timeout_every=2",
      })
  void framesAreRightOrTheirErrorsAreDocumented(long seed, String settings) throws Exception {
    SimulatorLibrary.configure(settings);
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(16, 8)))) {
      try (HatSession session = model.open()) {
        for (Future<?> one : start(session, seed)) {
          one.get(LONG.toSeconds(), TimeUnit.SECONDS);
        }
      }
      assertThat(simulator.get().openHandles().transfers()).isZero();
    }
    assertThat(right).as("seed %d: right, with %s failed", seed, failed).hasPositiveValue();
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 30", "3, 100"})
  void closingInMidStreamEndsEverybody(long seed, int after) throws Exception {
    SimulatorLibrary.configure("latency_us=300,queue=2");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(16, 8)))) {
      List<Future<?>> all;
      try (HatSession session = model.open()) {
        all = start(session, seed);
        long giveUp = System.nanoTime() + LONG.toNanos();
        while (right.get() < after && System.nanoTime() < giveUp) {
          Thread.onSpinWait();
        }
      }
      for (Future<?> one : all) {
        one.get(LONG.toSeconds(), TimeUnit.SECONDS);
      }
    }
    assertThat(right).hasValueGreaterThanOrEqualTo(after);
  }

  private List<Future<?>> start(HatSession session, long seed) {
    List<Future<?>> all = new ArrayList<>();
    for (int thread = 0; thread < THREADS; thread++) {
      Random random = new Random(seed * 100 + thread);
      FutureTask<Void> task =
          new FutureTask<>(() -> {
            stream(session, random);
            return null;
          });
      Thread.ofPlatform().daemon().start(task);
      all.add(task);
    }
    return all;
  }

  private void stream(HatSession session, Random random) {
    for (int i = 0; i < FRAMES; i++) {
      int seed = random.nextInt(1 << 20);
      try (HatFrame frame = session.frame()) {
        SimulatorTransfersTest.fill(frame, seed);
        session.run(frame, PATIENCE[random.nextInt(PATIENCE.length)]);
        SimulatorTransfersTest.check(frame, seed);
        right.incrementAndGet();
      } catch (HatException e) {
        failed.incrementAndGet();
        assertThat(e.statusName())
            .isIn(
                "TIMEOUT",
                "COMMUNICATION_CLOSED",
                "OPERATION_ABORTED",
                "INVALID_OPERATION",
                "INTERNAL_FAILURE");
        if (e.category() == HatException.Category.REOPEN_SESSION
            && !e.statusName().equals("TIMEOUT")) {
          return;
        }
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("closed");
        return;
      }
    }
  }
}
