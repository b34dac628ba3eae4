package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.ServerException;
import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.security.Security;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.v1.FinishReason;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LifecycleTest {

  @Test
  void aFullServerRefusesAtOpenWithTheTimeToComeBack() throws Exception {
    try (TestServer server =
        TestServer.startWithoutQueue(TestServer.limits(2, false, Duration.ofSeconds(30)))) {
      TestCall first = server.call().send(TestServer.opening(4, 5));
      TestCall second = server.call().send(TestServer.opening(4, 5));
      first.awaitOpened();
      second.awaitOpened();
      assertThat(server.metric("cleave.kv.slots.free")).isZero();
      assertThat(server.metric("cleave.kv.used")).isEqualTo(2000);
      WireError refused = server.call().send(TestServer.opening(4, 5)).awaitError();
      assertThat(refused.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(refused.reason()).isEqualTo(WireReason.NO_KV_ROOM.name());
      assertThat(refused.retryDelay().orElseThrow()).isPositive();
      first.send(
          TestServer.frame(TestServer.prompt(1, 4), 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      first.awaitAnswer();
      server.call().send(TestServer.opening(4, 5)).awaitOpened();
    }
  }

  @Test
  void promptsThatAreNotSentCannotHoldMoreThanTheBudget() throws Exception {
    SessionLimits limits =
        new SessionLimits(8, 64, 200, 64, 64 * 8 * 4, false, Duration.ofSeconds(30));
    try (TestServer server = TestServer.startWithoutQueue(limits)) {
      TestCall greedy = server.call().send(TestServer.opening(60, 5));
      greedy.awaitOpened();
      WireError refused = server.call().send(TestServer.opening(5, 5)).awaitError();
      assertThat(refused.reason()).isEqualTo(WireReason.NO_KV_ROOM.name());
      assertThat(refused.metadata()).containsKey("prompt_bytes");
      assertThat(refused.retryDelay()).isPresent();
      assertThat(server.metric("cleave.kv.slots.free")).isEqualTo(7);
      server.call().send(TestServer.opening(4, 5)).awaitOpened();
      greedy.vanish();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClientThatSendsNothingMoreIsCutOff(boolean opens) throws Exception {
    try (TestServer server =
        TestServer.start(TestServer.limits(2, false, Duration.ofMillis(100)))) {
      TestCall silent = server.call();
      if (opens) {
        silent.send(TestServer.opening(60, 5)).awaitOpened();
      }
      WireError error = silent.awaitError();
      assertThat(error.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(error.reason()).isEqualTo(WireReason.STEP_TIMEOUT.name());
      server.awaitNothingHeld(2);
    }
  }

  @Test
  void aClientThatNeverReadsIsCutOffOnceItsAnswerIsComplete() throws Exception {
    try (TestServer server = TestServer.start(TestServer.limits(2, true, Duration.ofMillis(300)))) {
      ManagedChannel narrow = server.channel(16 << 10);
      TestCall deaf = TestCall.openUnread(narrow);
      deaf.send(
          new Uplink.OpenSession(
              TestServer.open(4, TestServer.MAX_NEW).setWantLogits(true).build()),
          TestServer.frame(TestServer.prompt(1, 4), 0, HeaderForm.LONG),
          new Uplink.EndOfPrompt(4));
      server.awaitMetric(1, "cleave.rejects", "reason", "STEP_TIMEOUT");
      server.awaitNothingHeld(2);
      narrow.shutdownNow();
    }
  }

  @Test
  void drainFinishesWhatRunsAndTakesNothingNew() throws Exception {
    try (TestServer server = TestServer.start()) {
      Semaphore gate = server.engine.gateSteps();
      TestCall running = server.generate(TestServer.prompt(1, 4), 30);
      running.awaitOpened();
      gate.release(1);
      running.next();
      List<Boolean> drained = new ArrayList<>();
      Thread drain = Thread.ofPlatform().start(() -> drained.add(server.server.drain()));
      while (server.server.serving()) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
      WireError refused = server.call().send(TestServer.opening(4, 5)).awaitError();
      assertThat(refused.code()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(refused.reason()).isEqualTo(WireReason.DRAINING.name());
      assertThat(health(server)).isEqualTo(ServingStatus.NOT_SERVING);
      server.engine.ungateSteps();
      assertThat(running.awaitAnswer().done().getReason()).isEqualTo(FinishReason.LENGTH);
      drain.join();
      assertThat(drained).containsExactly(true);
    }
  }

  @Test
  void whatOutlastsTheDrainIsHandedBack() throws Exception {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)))
            .withTimes(TimeLimits.DEFAULT.withDrain(Duration.ofMillis(50)));
    try (TestServer server = TestServer.start(config, TestServer.VOCABULARY)) {
      Semaphore gate = server.engine.gateSteps();
      TestCall running = server.generate(TestServer.prompt(1, 4), 30);
      running.awaitOpened();
      gate.release(1);
      running.next();
      TestCall halfOpen = server.call().send(TestServer.opening(4, 5));
      halfOpen.awaitOpened();
      assertThat(server.server.drain()).isFalse();
      Thread close = Thread.ofPlatform().start(server.server::close);
      assertThat(running.awaitError().reason()).isEqualTo(WireReason.DRAINING.name());
      assertThat(halfOpen.awaitError().code()).isEqualTo(Status.Code.UNAVAILABLE);
      server.engine.ungateSteps();
      close.join();
    }
  }

  @Test
  void anEngineFailureIsOneSessionsErrorAndCounted() throws Exception {
    try (TestServer server = TestServer.start()) {
      server.engine.failSteps(true);
      TestCall call = server.generate(TestServer.prompt(1, 4), 30);
      call.awaitOpened();
      assertThat(call.awaitError().code()).isEqualTo(Status.Code.INTERNAL);
      server.engine.failSteps(false);
      server.awaitNothingHeld(TestServer.SLOTS);
      assertThat(server.metric("cleave.engine.failures")).isEqualTo(1);
      TestCall next = server.generate(TestServer.prompt(1, 4), 3);
      next.awaitOpened();
      next.awaitAnswer();
    }
  }

  @Test
  void theSidePortShowsMetricsAndHealth() throws Exception {
    try (TestServer server = TestServer.start();
        HttpClient http = HttpClient.newHttpClient()) {
      assertThat(health(server)).isEqualTo(ServingStatus.SERVING);
      TestCall call = server.generate(TestServer.prompt(1, 4), 7);
      call.awaitOpened();
      call.awaitAnswer();
      server.awaitNothingHeld(TestServer.SLOTS);
      assertThat(get(http, server, "/healthz").statusCode()).isEqualTo(200);
      assertThat(get(http, server, "/metrics/else").statusCode()).isEqualTo(404);
      String metrics = get(http, server, "/metrics").body();
      assertThat(metrics)
          .contains(
              "cleave_tokens_total 7.0",
              "cleave_frames_total 1.0",
              "cleave_kv_slots 16.0",
              "cleave_kv_slots_free 16.0",
              "cleave_kv_used_bytes 0.0",
              "cleave_prompt_buffer_bytes 0.0",
              "cleave_sessions_open 0.0",
              "cleave_step_batch_bucket{le=\"1.0\"} 7",
              "cleave_step_seconds_count 7",
              "cleave_sessions_ended_total{outcome=\"length\"} 1.0");
      server.server.drain();
      assertThat(get(http, server, "/healthz").statusCode()).isEqualTo(503);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "192.0.2.1", "::"})
  void plaintextStaysOnThisMachine(String host) {
    SessionLimits limits = TestServer.limits(1, false, Duration.ofSeconds(1));
    ServerConfig config =
        ServerConfig.onFreePorts(limits)
            .withListen(new ServerConfig.Listen(host, 0, Monitoring.off(), Security.loopback()));
    try (FakeDecoderEngine engine = new FakeDecoderEngine(1, 10)) {
      assertThatThrownBy(
              () -> DecoderServer.start(config, model(), TokenRules.of(3, Set.of()), engine))
          .isInstanceOf(ServerException.class)
          .hasMessageContaining("TLS");
    }
  }

  @Test
  void limitsBeyondTheEngineAndEnginesThatFailAreRefusedAtStart() {
    SessionLimits limits = TestServer.limits(2, false, Duration.ofSeconds(1));
    try (FakeDecoderEngine engine = new FakeDecoderEngine(1, 10)) {
      assertThatThrownBy(() ->
              DecoderServer.start(
                  ServerConfig.onFreePorts(limits), model(), TokenRules.of(3, Set.of()), engine))
          .isInstanceOf(ServerException.class)
          .hasMessageContaining("2 sessions");
    }
    try (FakeDecoderEngine engine = new FakeDecoderEngine(2, 10)) {
      engine.failSteps(true);
      assertThatThrownBy(() ->
              DecoderServer.start(
                  ServerConfig.onFreePorts(limits), model(), TokenRules.of(3, Set.of()), engine))
          .isInstanceOf(ServerException.class)
          .hasMessageContaining("warm the engine");
    }
  }

  private static ServedModel model() {
    return new ServedModel(TestServer.BUNDLE_ID, "fake");
  }

  private static ServingStatus health(TestServer server) {
    return HealthGrpc.newBlockingStub(server.channel)
        .withDeadlineAfter(Duration.ofSeconds(10))
        .check(HealthCheckRequest.newBuilder().setService("cleave.v1.Decoder").build())
        .getStatus();
  }

  private static HttpResponse<String> get(HttpClient http, TestServer server, String path)
      throws Exception {
    URI uri = URI.create("http://localhost:" + server.server.metricsPort().orElseThrow() + path);
    return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
