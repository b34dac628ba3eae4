package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that keep a server waiting in ways that no idle time-out sees. */
@Timeout(60)
class TimeLimitsTest {

  private static final Duration LONG = Duration.ofSeconds(100);

  @Test
  void whoSendsALittleBeforeEachIdleTimeOutIsCutOff() throws Exception {
    float[] prompt = TestServer.prompt(3, 60);
    TimeLimits.Clients clients = new TimeLimits.Clients(LONG, Duration.ofMillis(700), LONG);
    try (TestServer server = start(clients)) {
      TestCall loris = server.call().send(TestServer.opening(60, 5));
      loris.awaitOpened();
      for (int position = 0; position < 60; position++) {
        TimeUnit.MILLISECONDS.sleep(100);
        loris.send(
            TestServer.frame(
                Arrays.copyOfRange(prompt, position * 8, (position + 1) * 8),
                position,
                HeaderForm.LONG));
        if (server.metric("cleave.rejects", "reason", "STEP_TIMEOUT") > 0) {
          break;
        }
      }
      assertThat(loris.awaitError().reason()).isEqualTo(WireReason.STEP_TIMEOUT.name());
      assertThat(server.metric("cleave.frames")).isLessThan(30);
      server.awaitNothingHeld(2);
    }
  }

  @Test
  void whoReadsNothingIsCutOffAlsoInTheMiddleOfItsAnswer() throws Exception {
    TimeLimits.Clients clients = new TimeLimits.Clients(Duration.ofMillis(300), LONG, LONG);
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, true, Duration.ofSeconds(30)))
            .withTimes(TimeLimits.DEFAULT.withClients(clients));
    try (TestServer server = TestServer.start(config, TestServer.VOCABULARY)) {
      var gate = server.engine.gateSteps();
      var narrow = server.channel(16 << 10);
      TestCall deaf = TestCall.openUnread(narrow);
      deaf.send(
          new Uplink.OpenSession(TestServer.open(4, 200).setWantLogits(true).build()),
          TestServer.frame(TestServer.prompt(1, 4), 0, HeaderForm.LONG),
          new Uplink.EndOfPrompt(4));
      gate.release(150); // the answer is not complete
      server.awaitMetric(1, "cleave.rejects", "reason", "STEP_TIMEOUT");
      server.engine.ungateSteps();
      server.awaitNothingHeld(2);
      narrow.shutdownNow();
    }
  }

  @Test
  void aSessionThatHasGrownOldIsToldToMoveBetweenTwoAnswers() throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    TimeLimits.Clients clients = new TimeLimits.Clients(LONG, LONG, Duration.ofMillis(300));
    ServerConfig config =
        ServerConfig.onFreePorts(CausalServer.limits(false, Duration.ofSeconds(30)))
            .withTimes(TimeLimits.DEFAULT.withClients(clients));
    float[] rows = TestServer.prompt(1, CausalServer.CONTEXT);
    try (CausalServer server = CausalServer.start(engine, config, CausalServer.steps(600))) {
      TestCall call = server.open(40, 1);
      call.send(CausalServer.hidden(rows, 0, 4), new Uplink.EndOfPrompt(4));
      call.awaitSampled();
      WireError moved = call.awaitError();
      assertThat(moved.reason()).isEqualTo(WireReason.DRAINING.name());
      assertThat(moved.message()).contains("PT0.3S");
      server.awaitNothingHeld();
    }
  }

  private static TestServer start(TimeLimits.Clients clients) {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)))
            .withTimes(TimeLimits.DEFAULT.withClients(clients));
    return TestServer.start(config, TestServer.VOCABULARY);
  }
}
