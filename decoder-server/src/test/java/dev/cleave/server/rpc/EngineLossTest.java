package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine that does not come back. */
@Timeout(60)
class EngineLossTest {

  private static final float[] FOUR = TestServer.prompt(1, 4);
  private static final float[] ROWS = TestServer.prompt(1, CausalServer.CONTEXT);
  private static final TimeLimits HASTY =
      TimeLimits.DEFAULT.withStep(Duration.ofMillis(200)).withQueue(Duration.ofSeconds(50));

  @Test
  void allSessionsOfAStuckDecoderAreToldToMoveWithTheTokensThatTheyHave() throws Exception {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)))
            .withTimes(HASTY);
    try (TestServer server = TestServer.start(config, TestServer.VOCABULARY)) {
      Semaphore gate = server.engine.gateSteps();
      gate.release(3);
      TestCall running = server.call().send(TestServer.opening(4, 30));
      running.awaitOpened();
      TestCall uploading = server.call().send(TestServer.opening(4, 5));
      uploading.awaitOpened();
      TestCall waiting = server.call().send(TestServer.opening(4, 5));
      server.awaitMetric(1, "cleave.queue.depth");
      running.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      // It may be its turn just now, which is refused as any new session is: NOT_SERVING.
      assertThat(waiting.awaitError().code()).isEqualTo(Status.Code.UNAVAILABLE);
      for (TestCall call : new TestCall[] {running, uploading}) {
        WireError error = call.awaitError();
        assertThat(error.reason()).isEqualTo(WireReason.ENGINE_STUCK.name());
        assertThat(error.code()).isEqualTo(Status.Code.UNAVAILABLE);
      }
      int[] alone = TestServer.alone(FOUR, 3);
      for (int position = 0; position < 3; position++) {
        assertThat(running.next().getToken().getId()).isEqualTo(alone[position]);
      }
      assertThat(server.server.engineLost().get(10, TimeUnit.SECONDS)).isEqualTo(EngineLoss.STUCK);
      assertThat(server.server.serving()).isFalse();
      server.server.close(); // does not wait for it
      server.engine.ungateSteps();
      server.awaitNothingHeld(2);
      awaitThreadEnd("cleave-decoder");
    }
  }

  @Test
  void allSessionsOfAStuckCausalEngineAreToldToMove() throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    ServerConfig config =
        ServerConfig.onFreePorts(CausalServer.limits(false, Duration.ofSeconds(30)))
            .withTimes(HASTY);
    try (CausalServer server = CausalServer.start(engine, config, CausalServer.steps(600))) {
      Semaphore gate = engine.gate();
      TestCall quiet = server.open(40, 1);
      TestCall asking = server.open(40, 1);
      asking.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      assertThat(asking.awaitError().reason()).isEqualTo(WireReason.ENGINE_STUCK.name());
      assertThat(quiet.awaitError().reason()).isEqualTo(WireReason.ENGINE_STUCK.name());
      assertThat(server.server.engineLost().get(10, TimeUnit.SECONDS)).isEqualTo(EngineLoss.STUCK);
      server.server.close();
      gate.release(100);
      awaitThreadEnd("cleave-upper");
      assertThat(engine.allocated()).isZero();
    }
  }

  @Test
  void anEngineThatIsBusyWithManyShortStepsIsNotStuck() throws Exception {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)))
            .withTimes(TimeLimits.DEFAULT.withStep(Duration.ofSeconds(2)));
    try (TestServer server = TestServer.start(config, TestServer.VOCABULARY)) {
      Semaphore gate = server.engine.gateSteps();
      TestCall call =
          server
              .call()
              .send(
                  TestServer.opening(4, 60),
                  TestServer.frame(FOUR, 0, HeaderForm.LONG),
                  new Uplink.EndOfPrompt(4));
      call.awaitOpened();
      for (int step = 0; step < 60; step++) {
        TimeUnit.MILLISECONDS.sleep(50); // three seconds in all
        gate.release();
        call.next();
      }
      assertThat(call.next().getDone().getTokens()).isEqualTo(60);
      assertThat(server.server.serving()).isTrue();
    }
  }

  private static void awaitThreadEnd(String name) throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals(name)) {
        thread.join(TimeUnit.SECONDS.toMillis(20));
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }
}
