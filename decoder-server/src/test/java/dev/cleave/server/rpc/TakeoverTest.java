package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions that are opened again while they live here. */
@Timeout(60)
class TakeoverTest {

  private static final float[] FOUR = TestServer.prompt(1, 4);
  private static final float[] ROWS = TestServer.prompt(1, CausalServer.CONTEXT);

  @Test
  void theHigherAttemptGetsTheOnlySlotAndTheOlderStreamEnds() throws Exception {
    try (TestServer server = oneSlot()) {
      Semaphore gate = server.engine.gateSteps();
      TestCall older = server.call().send(named(1, 0));
      older.awaitOpened();
      older.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      gate.release(1);
      older.next();
      // Its step is under way: the slot comes free only behind it.
      awaitBlocked(gate);
      TestCall newer = server.call().send(named(1, 1));
      WireError end = older.awaitError();
      assertThat(end.reason()).isEqualTo(WireReason.SESSION_TAKEN_OVER.name());
      assertThat(end.code()).isEqualTo(Status.Code.ABORTED);
      assertThat(newer.hasReceived()).isFalse();
      server.awaitMetric(1, "cleave.queue.depth");
      server.engine.ungateSteps();
      newer.awaitOpened();
      newer.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      assertThat(newer.awaitAnswer().ids()).containsExactly(TestServer.alone(FOUR, 5));
      server.awaitNothingHeld(1);
      assertThat(server.metric("cleave.sessions.taken.over")).isEqualTo(1);
    }
  }

  @Test
  void theOlderNewcomerAndTheReplayedStreamAreRefusedAlsoAfterTheEnd() throws Exception {
    try (TestServer server = oneSlot()) {
      TestCall live = server.call().send(named(1, 3));
      live.awaitOpened();
      for (int attempt : new int[] {0, 2, 3}) {
        assertTakenOver(server.call().send(named(1, attempt)));
      }
      live.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      live.awaitAnswer();
      server.awaitNothingHeld(1);
      for (int attempt : new int[] {0, 3}) {
        assertTakenOver(server.call().send(named(1, attempt)));
      }
      server.call().send(named(1, 4)).awaitOpened();
    }
  }

  @Test
  void attemptsCountWithoutASign() throws Exception {
    try (TestServer server = oneSlot()) {
      TestCall last = server.call().send(named(1, -1));
      last.awaitOpened();
      assertTakenOver(server.call().send(named(1, Integer.MAX_VALUE)));
      last.vanish();
    }
  }

  @Test
  void aRefusedOpenTakesNothingOver() throws Exception {
    try (TestServer server = oneSlot()) {
      TestCall live = server.call().send(named(1, 0));
      live.awaitOpened();
      WireError refused =
          server
              .call()
              .send(
                  new Uplink.OpenSession(
                      TestServer.open(TestServer.MAX_PROMPT + 1, 5)
                          .setSessionLow(1)
                          .setAttempt(1)
                          .build()))
              .awaitError();
      assertThat(refused.reason()).isEqualTo(WireReason.LIMIT_EXCEEDED.name());
      live.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      live.awaitAnswer();
    }
  }

  @Test
  void anAttemptOfNoSessionIsMalformed() throws Exception {
    try (TestServer server = oneSlot()) {
      WireError error =
          server
              .call()
              .send(new Uplink.OpenSession(TestServer.open(4, 5).setAttempt(1).build()))
              .awaitError();
      assertThat(error.reason()).isEqualTo(WireReason.MALFORMED_MESSAGE.name());
      assertThat(error.metadata()).containsEntry("field", "attempt");
    }
  }

  @Test
  void sessionsWithoutANameLiveSideBySide() throws Exception {
    try (TestServer server = TestServer.start()) {
      TestCall first = server.call().send(TestServer.opening(4, 5));
      TestCall second = server.call().send(TestServer.opening(4, 5));
      first.awaitOpened();
      second.awaitOpened();
      assertThat(server.metric("cleave.sessions.open")).isEqualTo(2);
    }
  }

  @Test
  void aCausalSessionIsTakenOverInTheMiddleOfAPrompt() throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    CausalConfig oneSession =
        new CausalConfig(
            CausalServer.CONTEXT, CausalServer.BUDGET, CausalServer.STEP, Duration.ofSeconds(60));
    SessionLimits limits = CausalServer.limits(false, Duration.ofSeconds(30));
    try (CausalServer server = CausalServer.start(engine, limits, oneSession)) {
      Semaphore gate = engine.gate();
      TestCall older = server.call().send(causal(7, 0));
      older.awaitOpened();
      older.send(CausalServer.hidden(ROWS, 0, 16), CausalServer.hidden(ROWS, 16, 32));
      awaitBlocked(gate);
      TestCall newer = server.call().send(causal(7, 1));
      assertTakenOver(older);
      TestCall newest = server.call().send(causal(7, 2)); // while the other one waits
      assertTakenOver(newer);
      engine.ungate();
      newest.awaitOpened();
      newest.send(CausalServer.hidden(ROWS, 0, 9), new Uplink.EndOfPrompt(9));
      assertThat(newest.awaitSampled().getIds(0)).isEqualTo(CausalServer.next(ROWS, 9));
      newest.halfClose();
      newest.awaitAnswer();
      server.awaitNothingHeld();
      assertThat(engine.allocated()).isZero();
    }
  }

  @Test
  void ofManyStreamsThatRaceForASessionTheHighestAttemptWins() throws Exception {
    int attempts = 40;
    long seed = 11;
    try (TestServer server = TestServer.start()) {
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < attempts; i++) {
        order.add(i);
      }
      java.util.Collections.shuffle(order, new Random(seed));
      TestCall[] calls = new TestCall[attempts];
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        int first = t;
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  for (int i = first; i < attempts; i += 8) {
                    int attempt = order.get(i);
                    calls[attempt] = server.call().send(named(5, attempt));
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      for (int attempt = 0; attempt < attempts - 1; attempt++) {
        assertTakenOver(calls[attempt]);
      }
      TestCall winner = calls[attempts - 1];
      winner.awaitOpened();
      winner.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      assertThat(winner.awaitAnswer().ids()).containsExactly(TestServer.alone(FOUR, 5));
      server.awaitNothingHeld(TestServer.SLOTS);
    }
  }

  private static TestServer oneSlot() {
    return TestServer.startWithoutQueue(TestServer.limits(1, false, Duration.ofSeconds(30)));
  }

  private static Uplink.OpenSession named(long session, int attempt) {
    return new Uplink.OpenSession(
        TestServer.open(4, 5).setSessionLow(session).setAttempt(attempt).build());
  }

  private static Uplink.OpenSession causal(long session, int attempt) {
    return new Uplink.OpenSession(
        CausalServer.request(CausalServer.CONTEXT, 1)
            .setSessionHigh(session)
            .setAttempt(attempt)
            .build());
  }

  private static void assertTakenOver(TestCall call) throws Exception {
    WireError error = call.awaitError();
    assertThat(error.reason()).as(error.message()).isEqualTo(WireReason.SESSION_TAKEN_OVER.name());
    while (call.hasReceived()) {
      // It may have been opened before the other one came.
      assertThat(call.next().getMessageCase()).isEqualTo(ServerMessage.MessageCase.OPENED);
    }
  }

  private static void awaitBlocked(Semaphore gate) throws InterruptedException {
    while (!gate.hasQueuedThreads()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }
}
