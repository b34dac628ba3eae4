package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.upper.Segment;
import dev.cleave.v1.FinishReason;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Room, fairness and the ways in which causal sessions end. */
@Timeout(60)
class CausalLifecycleTest {

  private static final float[] ROWS = TestServer.prompt(1, CausalServer.CONTEXT);

  private final FakeUpperEngine engine = CausalServer.engine();

  @Test
  void kvIsReservedAtOpenOrRefusedWithTheTimeToComeBack() throws Exception {
    CausalConfig small =
        new CausalConfig(100, CausalServer.BUDGET, CausalServer.STEP, Duration.ofSeconds(60));
    try (CausalServer server = start(Duration.ofSeconds(30), small)) {
      TestCall first = server.open(70, 1);
      assertThat(server.metric("cleave.kv.positions")).isEqualTo(100);
      assertThat(server.metric("cleave.kv.positions.free")).isEqualTo(30);
      assertThat(server.metric("cleave.kv.used")).isEqualTo(7000);
      WireError refused = server.call().send(CausalServer.opening(31, 1)).awaitError();
      assertThat(refused.reason()).isEqualTo(WireReason.NO_KV_ROOM.name());
      assertThat(refused.metadata()).containsEntry("kv_positions", "30");
      assertThat(refused.retryDelay()).isPresent();
      TestCall second = server.open(30, 1);
      first.halfClose();
      assertThat(first.awaitAnswer().done().getReason()).isEqualTo(FinishReason.CLOSED);
      server.open(70, 1).vanish();
      second.vanish();
      server.awaitNothingHeld();
    }
  }

  @Test
  void aLongPromptDelaysAStepByOneStepOfTheBudget() throws Exception {
    try (CausalServer server = CausalServer.start(engine)) {
      Semaphore gate = engine.gate();
      TestCall talking = server.open(40, 5);
      talking.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      gate.release(2); // the end of a prompt may come behind the rest of it
      talking.awaitSampled();
      List<TestCall> uploading = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        TestCall call = server.open(CausalServer.CONTEXT, 1);
        for (int start = 0; start < CausalServer.CONTEXT; start += CausalServer.FRAME) {
          call.send(CausalServer.hidden(ROWS, start, start + CausalServer.FRAME));
        }
        uploading.add(call.send(new Uplink.EndOfPrompt(CausalServer.CONTEXT)));
      }
      for (int start = 4; start < 24; start += 5) {
        awaitBlocked(gate);
        talking.send(CausalServer.step(ROWS, start, start + 5));
        TimeUnit.MILLISECONDS.sleep(50); // the frame is on its way through the transport
        int begun = engine.steps().size();
        gate.release(2);
        assertThat(talking.awaitSampled().getIdsCount()).isEqualTo(5);
        // The step under way ends, and the one that follows answers.
        assertThat(engine.steps().get(begun)).anyMatch(segment -> segment.answers() == 5);
        assertThat(engine.steps().get(begun)).anyMatch(segment -> segment.answers() == 0);
      }
      engine.ungate();
      for (TestCall call : uploading) {
        assertThat(call.awaitSampled().getIds(0))
            .isEqualTo(CausalServer.next(ROWS, CausalServer.CONTEXT));
      }
      assertThat(engine.steps())
          .allMatch(
              step -> step.stream().mapToInt(Segment::positions).sum() <= CausalServer.BUDGET);
    }
  }

  @Test
  void cancelFreesBeforeTheNextStep() throws Exception {
    try (CausalServer server = CausalServer.start(engine)) {
      Semaphore gate = engine.gate();
      TestCall call = server.open(40, 1);
      call.send(CausalServer.hidden(ROWS, 0, 16));
      awaitSteps(1);
      call.send(CausalServer.hidden(ROWS, 16, 32), new Uplink.Cancel());
      server.awaitMetric(2, "cleave.frames");
      TimeUnit.MILLISECONDS.sleep(50); // for the message behind the frame
      gate.release(100);
      assertThat(call.awaitAnswer().done().getReason()).isEqualTo(FinishReason.CANCELLED);
      server.awaitNothingHeld();
      assertThat(engine.steps()).hasSizeLessThanOrEqualTo(2);
      assertThat(engine.allocated()).isZero();
    }
  }

  @Test
  void aHundredClientsThatVanishLeaveNothingBehind() throws Exception {
    try (CausalServer server = CausalServer.start(engine)) {
      for (int i = 0; i < 100; i++) {
        TestCall call = server.call();
        call.send(CausalServer.opening(40, 3));
        if (i % 4 > 0) {
          call.awaitOpened();
          call.send(CausalServer.hidden(ROWS, 0, 1 + i % 16));
        }
        if (i % 4 > 1) {
          call.send(new Uplink.EndOfPrompt(1 + i % 16));
        }
        if (i % 4 > 2) {
          call.awaitSampled();
          call.send(CausalServer.step(ROWS, 1 + i % 16, 3 + i % 16));
        }
        call.vanish();
      }
      server.awaitNothingHeld();
      assertThat(engine.allocated()).isZero();
    }
  }

  @Test
  void anEngineFailureEndsTheSessionsOfItsStepAndNoOthers() throws Exception {
    try (CausalServer server = CausalServer.start(engine)) {
      TestCall lucky = server.open(40, 1);
      lucky.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      lucky.awaitSampled();
      engine.failSegmentsAt(7);
      TestCall unlucky = server.open(40, 1);
      unlucky.send(CausalServer.hidden(ROWS, 0, 7), new Uplink.EndOfPrompt(7));
      unlucky.awaitSampled();
      unlucky.send(CausalServer.step(ROWS, 7, 8));
      assertThat(unlucky.awaitError().reason()).isEqualTo(WireReason.INTERNAL.name());
      lucky.send(CausalServer.step(ROWS, 4, 5));
      assertThat(lucky.awaitSampled().getIds(0)).isEqualTo(CausalServer.next(ROWS, 5));
      assertThat(server.metric("cleave.engine.failures")).isEqualTo(1);
      assertThat(engine.allocated()).isEqualTo(1);
      engine.failAllocations(true);
      TestCall none = server.call().send(CausalServer.opening(40, 1));
      assertThat(none.awaitError().reason()).isEqualTo(WireReason.INTERNAL.name());
      lucky.halfClose();
      lucky.awaitAnswer();
      server.awaitNothingHeld();
    }
  }

  @Test
  void aBrokenEngineTakesTheServerOutOfService() throws Exception {
    try (CausalServer server = CausalServer.start(engine)) {
      TestCall first = server.open(40, 1);
      TestCall second = server.open(40, 1);
      engine.failFrees();
      first.send(new Uplink.Cancel());
      assertThat(second.awaitError().reason()).isEqualTo(WireReason.ENGINE_STUCK.name());
      assertThat(server.server.engineLost().get(10, TimeUnit.SECONDS)).isEqualTo(EngineLoss.DIED);
      assertThat(server.server.serving()).isFalse();
      server.awaitNothingHeld();
    }
  }

  @Test
  void aSessionMayWaitForItsPersonAndAPromptMayNot() throws Exception {
    CausalConfig patient = CausalServer.steps(1.5);
    try (CausalServer server = start(Duration.ofMillis(300), patient)) {
      TestCall half = server.open(40, 1);
      half.send(CausalServer.hidden(ROWS, 0, 4));
      assertThat(half.awaitError().reason()).isEqualTo(WireReason.STEP_TIMEOUT.name());
      TestCall between = server.open(40, 1);
      between.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      between.awaitSampled();
      TimeUnit.MILLISECONDS.sleep(700); // more than the idle timeout
      between.send(CausalServer.step(ROWS, 4, 5));
      between.awaitSampled();
      assertThat(between.awaitError().reason()).isEqualTo(WireReason.STEP_TIMEOUT.name());
      server.awaitNothingHeld();
    }
  }

  @Test
  void drainLetsAnswersEndAndHandsBackWhoIsQuiet() throws Exception {
    try (CausalServer server = CausalServer.start(engine)) {
      Semaphore gate = engine.gate();
      TestCall call = server.open(40, 1);
      call.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      List<Boolean> drained = new ArrayList<>();
      Thread drain = Thread.ofPlatform().start(() -> drained.add(server.server.drain()));
      while (server.server.serving()) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
      assertThat(server.call().send(CausalServer.opening(4, 1)).awaitError().reason())
          .isEqualTo(WireReason.DRAINING.name());
      gate.release(100);
      call.awaitSampled();
      call.send(CausalServer.step(ROWS, 4, 5));
      assertThat(call.awaitSampled().getIds(0)).isEqualTo(CausalServer.next(ROWS, 5));
      assertThat(call.awaitError().reason()).isEqualTo(WireReason.DRAINING.name());
      drain.join();
      assertThat(drained).containsExactly(true);
    }
  }

  @Test
  void anUploaderFasterThanTheEngineIsHeldBack() throws Exception {
    try (CausalServer server = CausalServer.start(engine)) {
      Semaphore gate = engine.gate();
      TestCall call = server.open(CausalServer.CONTEXT, 1);
      // Takes itself back again and again: more rows than any session holds.
      for (int i = 0; i < 200; i++) {
        call.send(CausalServer.hidden(ROWS, 0, CausalServer.FRAME));
      }
      call.send(new Uplink.EndOfPrompt(CausalServer.FRAME));
      awaitSteps(1);
      TimeUnit.MILLISECONDS.sleep(200);
      // One frame and a piece are in the step, four more in the queue.
      assertThat(server.metric("cleave.frames")).isLessThanOrEqualTo(4 + 3);
      assertThat(server.metric("cleave.prompt.buffer"))
          .isEqualTo(4 * CausalServer.FRAME * CausalServer.WIDTH * Float.BYTES);
      gate.release(100_000);
      engine.ungate();
      assertThat(call.awaitSampled().getIds(0))
          .isEqualTo(CausalServer.next(ROWS, CausalServer.FRAME));
      assertThat(server.metric("cleave.frames")).isEqualTo(200);
    }
  }

  @Test
  void whoDoesNotReadIsHeldBackAndThenCutOffWhileOthersGoOn() throws Exception {
    SessionLimits limits = CausalServer.limits(true, Duration.ofMillis(500));
    FakeUpperEngine wide = new FakeUpperEngine(CausalServer.SLOTS, 60_000, 96, 24);
    try (CausalServer server = CausalServer.start(wide, limits, CausalServer.steps(60))) {
      TestCall deaf = TestCall.openUnread(server.channel);
      deaf.send(new Uplink.OpenSession(CausalServer.request(40, 5).setWantLogits(true).build()));
      deaf.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      TestCall fast = server.open(40, 1);
      fast.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      fast.awaitSampled();
      fast.halfClose();
      fast.awaitAnswer();
      // It asks on without having read; an answer is more than a megabyte, the transport is full.
      server.awaitMetric(2, "cleave.tokens");
      deaf.send(CausalServer.step(ROWS, 4, 9));
      server.awaitMetric(7, "cleave.tokens");
      deaf.send(CausalServer.step(ROWS, 4, 9));
      server.awaitMetric(1, "cleave.rejects", "reason", "STEP_TIMEOUT");
      server.awaitNothingHeld();
    }
  }

  private CausalServer start(Duration idleTimeout, CausalConfig causal) {
    CausalServer server =
        CausalServer.start(engine, CausalServer.limits(false, idleTimeout), causal);
    engine.forget();
    return server;
  }

  private static void awaitBlocked(Semaphore gate) throws InterruptedException {
    while (!gate.hasQueuedThreads()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  private void awaitSteps(int count) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (engine.steps().size() < count) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(engine.steps().size() + " steps, awaited " + count);
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }
}
