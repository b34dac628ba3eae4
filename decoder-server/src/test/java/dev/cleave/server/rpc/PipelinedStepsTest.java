package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client that asks on before it has been answered, as one does that replays. */
@Timeout(60)
class PipelinedStepsTest {

  private static final int CONTEXT = 1100;
  private static final float[] ROWS = TestServer.prompt(5, CONTEXT);

  private final FakeUpperEngine engine =
      new FakeUpperEngine(2, CausalServer.VOCABULARY, CONTEXT, CausalServer.BUDGET);

  @Test
  void aThousandStepsAreAnsweredInOrderWithoutARoundTripEach() throws Exception {
    try (CausalServer server = start()) {
      TestCall call = server.open(CONTEXT, 3);
      // All of it before the first answer is there: the engine stands still.
      Semaphore gate = engine.gate();
      call.send(CausalServer.hidden(ROWS, 0, 16), new Uplink.EndOfPrompt(16));
      for (int start = 16; start < 1016; start++) {
        call.send(CausalServer.step(ROWS, start, start + 1));
      }
      call.send(CausalServer.hidden(ROWS, 1016, 1020), new Uplink.EndOfPrompt(1020));
      call.send(CausalServer.step(ROWS, 1000, 1003)); // takes back what stood behind it
      call.halfClose();
      awaitBlocked(gate);
      assertThat(call.hasReceived()).isFalse();
      engine.ungate();
      for (int length = 16; length <= 1016; length++) {
        assertAnswers(call.awaitSampled(), length, 1);
      }
      assertAnswers(call.awaitSampled(), 1020, 1);
      assertAnswers(call.awaitSampled(), 1001, 3);
      ServerMessage done = call.next();
      assertThat(done.getDone().getTokens()).isEqualTo(1001 + 1 + 3);
      server.awaitNothingHeld();
    }
  }

  @Test
  void whatIsReceivedAheadStaysBounded() throws Exception {
    try (CausalServer server = start()) {
      TestCall call = server.open(CONTEXT, 1);
      Semaphore gate = engine.gate();
      for (int start = 0; start < 500; start++) {
        call.send(CausalServer.step(ROWS, start, start + 1));
      }
      awaitBlocked(gate);
      gate.release(20);
      for (int length = 1; length <= 20; length++) {
        assertAnswers(call.awaitSampled(), length, 1);
      }
      // Twenty are answered, one is in the step; a ring of four full frames bounds the rest.
      assertThat(server.metric("cleave.frames")).isLessThanOrEqualTo(21 + 4 * CausalServer.FRAME);
      engine.ungate();
      for (int length = 21; length <= 500; length++) {
        assertAnswers(call.awaitSampled(), length, 1);
      }
      call.vanish();
      server.awaitNothingHeld();
    }
  }

  private CausalServer start() {
    SessionLimits limits =
        new SessionLimits(
            2, CONTEXT, 64, CausalServer.FRAME, 1 << 20, false, Duration.ofMinutes(1));
    return CausalServer.start(
        engine,
        limits,
        new CausalConfig(
            2L * CONTEXT, CausalServer.BUDGET, CausalServer.STEP, Duration.ofMinutes(1)));
  }

  private static void assertAnswers(Sampled sampled, int length, int ids) {
    assertThat(sampled.getPosition()).isEqualTo(length - 1);
    for (int i = 0; i < ids; i++) {
      assertThat(sampled.getIds(i)).isEqualTo(CausalServer.next(ROWS, length + i));
    }
    assertThat(sampled.getIdsCount()).isEqualTo(ids);
  }

  private static void awaitBlocked(Semaphore gate) throws InterruptedException {
    while (!gate.hasQueuedThreads()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }
}
