package dev.cleave.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.hat.HatException.Category;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Transfers that end after their callers have left: what they write goes where nobody reads. */
class LateWriteTest {
  private static final Duration LONG = SimulatorTransfersTest.LONG;
  private static final byte MINE = 0x5A;

  @RegisterExtension final SimulatorLibrary simulator = new SimulatorLibrary();

  @Test
  void lateBytesLandInTheBuffersThatAreKeptApart() {
    SimulatorLibrary.configure("timeout_at=1,late_us=1500000");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession session = model.open()) {
      HatFrame late = session.frame();
      SimulatorTransfersTest.fill(late, 9);
      MemorySegment lateOutput = late.buffer("y");
      lateOutput.fill(MINE);
      assertThatThrownBy(() -> session.run(late, Duration.ZERO))
          .isInstanceOfSatisfying(
              HatException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.RETRY);
                assertThat(e.statusName()).isEqualTo("TIMEOUT");
              });
      assertThat(lost(session)).isEqualTo(1);
      assertThat(simulator.get().openHandles().transfers()).isEqualTo(1);
      assertThatThrownBy(() -> late.buffer("y"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("may still write");
      assertThatThrownBy(() -> session.run(late, LONG)).isInstanceOf(IllegalStateException.class);
      late.close();

      List<HatFrame> others = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        HatFrame other = session.frame();
        assertThat(other.buffer("y").address()).isNotEqualTo(lateOutput.address());
        assertThat(other.buffer("x").address()).isNotEqualTo(lateOutput.address());
        other.buffer("y").fill(MINE);
        others.add(other);
      }
      SimulatorTransfersTest.fill(others.getFirst(), 4);
      session.run(others.getFirst(), LONG);

      long giveUp = System.nanoTime() + LONG.toNanos();
      while (lost(session) > 0 && System.nanoTime() < giveUp) {
        LockSupport.parkNanos(1_000_000);
      }
      assertThat(lost(session)).as("transfers that never ended").isZero();
      int wanted = SimulatedModel.reluOf((9 * 31) & 0xFFFF, 0xFFFF);
      assertThat(lateOutput.get(SimulatorTransfersTest.SHORT, 0) & 0xFFFF)
          .as("what the chip wrote late")
          .isEqualTo(wanted);
      SimulatorTransfersTest.check(others.getFirst(), 4);
      for (HatFrame other : others.subList(1, others.size())) {
        assertThat(other.buffer("y").toArray(ValueLayout.JAVA_BYTE)).containsOnly(MINE);
      }
      try (HatFrame again = session.frame()) {
        assertThat(again.buffer("y").address())
            .as("memory that is free again")
            .isEqualTo(lateOutput.address());
        SimulatorTransfersTest.fill(again, 5);
        session.run(again, LONG);
        SimulatorTransfersTest.check(again, 5);
      }
    }
  }

  @Test
  void asksForANewSessionWhenEveryPlaceIsTaken() {
    SimulatorLibrary.configure("queue=2,latency_us=60000000");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession session = model.open()) {
      for (int i = 0; i < 2; i++) {
        HatFrame frame = session.frame();
        assertThatThrownBy(() -> session.run(frame, Duration.ZERO))
            .isInstanceOfSatisfying(
                HatException.class, e -> assertThat(e.category()).isEqualTo(Category.RETRY));
      }
      HatFrame frame = session.frame();
      assertThatThrownBy(() -> session.run(frame, Duration.ofMillis(5)))
          .isInstanceOfSatisfying(
              HatException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.REOPEN_SESSION);
                assertThat(e.statusName()).isEqualTo("TIMEOUT");
              })
          .hasMessageContaining("all 2 places");
      // It was not launched, so its buffers are still the caller's.
      frame.buffer("x").fill(MINE);
    }
    assertThat(simulator.get().openHandles().transfers()).isZero();
  }

  @Test
  void waitsForRoomNoLongerThanAsked() {
    SimulatorLibrary.configure("queue=1,latency_us=60000000");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession session = model.open();
        HatFrame first = session.frame();
        HatFrame second = session.frame()) {
      HatTransfer transfer = session.start(first, LONG);
      assertThat(transfer.done()).isFalse();
      assertThatThrownBy(() -> first.buffer("x"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("await");
      assertThatThrownBy(() -> session.start(second, Duration.ofMillis(5)))
          .isInstanceOfSatisfying(
              HatException.class, e -> assertThat(e.category()).isEqualTo(Category.RETRY));
      second.buffer("x").fill(MINE);
    }
  }

  @Test
  void closingFreesBuffersWhenNothingTouchesThemAnyMore() {
    SimulatorLibrary.configure("timeout_at=1,late_us=-1");
    MemorySegment output;
    HatTransfer transfer;
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)))) {
      try (HatSession session = model.open()) {
        HatFrame frame = session.frame();
        output = frame.buffer("y");
        transfer = session.start(frame, LONG);
        assertThatThrownBy(() -> transfer.await(Duration.ofMillis(1)))
            .isInstanceOf(HatException.class);
        assertThatThrownBy(() -> transfer.await(LONG))
            .as("lost stays lost")
            .isInstanceOf(HatException.class);
        assertThat(transfer.done()).isFalse();
      }
    }
    assertThat(transfer.done()).isTrue();
    assertThatThrownBy(() -> output.fill(MINE)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFrameThatIsClosedUnderWayGoesToNobodyElse() {
    SimulatorLibrary.configure("latency_us=60000000");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession session = model.open()) {
      HatFrame frame = session.frame();
      long address = frame.buffer("y").address();
      session.start(frame, LONG);
      frame.close();
      try (HatFrame other = session.frame()) {
        assertThat(other.buffer("y").address()).isNotEqualTo(address);
      }
    }
  }

  @Test
  void closingEndsWhoeverWaits() throws Exception {
    SimulatorLibrary.configure("queue=1,latency_us=60000000");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession session = model.open();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch launched = new CountDownLatch(1);
      Future<?> waiting =
          threads.submit(() -> {
            HatTransfer transfer = session.start(session.frame(), LONG);
            launched.countDown();
            transfer.await(LONG);
          });
      assertThat(launched.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
      Runnable close = session::close;
      close.run();
      assertThatThrownBy(() -> waiting.get(LONG.toSeconds(), TimeUnit.SECONDS))
          .cause()
          .isInstanceOfSatisfying(
              HatException.class, e -> assertThat(e.category()).isEqualTo(Category.REOPEN_SESSION))
          .hasMessageContaining("OPERATION_ABORTED");
      assertThatThrownBy(session::frame).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void anInterruptedThreadLeavesItsFrame() throws Exception {
    SimulatorLibrary.configure("latency_us=60000000");
    try (HatDevice device = simulator.get().open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession session = model.open()) {
      HatTransfer transfer = session.start(session.frame(), LONG);
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> transfer.await(LONG))
          .isInstanceOf(HatException.class)
          .hasMessageContaining("interrupted");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(lost(session)).isEqualTo(1);
    }
  }

  private static int lost(HatSession session) {
    return ((NativeSession) session).lostFrames();
  }
}
