package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.entrance.QueueLimits;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantLimits;
import dev.cleave.server.tenant.TenantPolicy;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What tenants are held to, over a real loopback port. */
@Timeout(60)
class TenantLimitsTest {

  private static final float[] FOUR = TestServer.prompt(1, 4);

  @Test
  void anUnknownTenantIsRefusedAndANamedOneIsHeldToItsSessions() throws Exception {
    TenantLimits two = TenantLimits.NONE.withHeld(new TenantLimits.Held(2, Long.MAX_VALUE, 2));
    try (TenantServer server = start(8, Map.of(new Tenant("clinic"), two))) {
      WireError unknown = server.call("bank").send(TestServer.opening(4, 5)).awaitError();
      assertThat(unknown.reason()).isEqualTo(WireReason.TENANT_REFUSED.name());
      assertThat(unknown.code()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(unknown.metadata()).containsEntry("tenant", "bank");
      TestCall first = server.call("clinic").send(TestServer.opening(4, 5));
      first.awaitOpened();
      server.call("clinic").send(TestServer.opening(4, 5)).awaitOpened();
      WireError third = server.call("clinic").send(TestServer.opening(4, 5)).awaitError();
      assertThat(third.reason()).isEqualTo(WireReason.QUOTA_EXCEEDED.name());
      assertThat(third.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(third.metadata())
          .containsEntry("tenant", "clinic")
          .containsEntry("field", "sessions")
          .containsEntry("limit", "2");
      assertThat(third.retryDelay()).isPresent();
      assertThat(server.metric("cleave.tenant.sessions", "tenant", "clinic")).isEqualTo(2);
      assertThat(server.metric("cleave.tenant.rejects", "tenant", "clinic")).isEqualTo(1);
      assertThat(server.metric("cleave.tenant.rejects", "tenant", "other")).isEqualTo(1);
      first.vanish();
      server.awaitMetric(1, "cleave.tenant.sessions", "tenant", "clinic");
      server.call("clinic").send(TestServer.opening(4, 5)).awaitOpened();
    }
  }

  @Test
  void sizesAreTheTenantsOwn() throws Exception {
    TenantLimits small = TenantLimits.NONE.withSizes(new TenantLimits.Sizes(8, 10));
    try (TenantServer server = start(4, Map.of(new Tenant("clinic"), small))) {
      WireError prompt = server.call("clinic").send(TestServer.opening(9, 5)).awaitError();
      assertThat(prompt.reason()).isEqualTo(WireReason.LIMIT_EXCEEDED.name());
      assertThat(prompt.metadata())
          .containsEntry("field", "prompt_positions")
          .containsEntry("limit", "8");
      WireError answer = server.call("clinic").send(TestServer.opening(8, 11)).awaitError();
      assertThat(answer.metadata()).containsEntry("field", "max_new_tokens");
      TestCall fits = server.call("clinic").send(TestServer.opening(8, 10));
      assertThat(fits.awaitOpened().getMaxPromptPositions()).isEqualTo(8);
      assertThat(describe(server, "clinic").getMaxNewTokens()).isEqualTo(10);
    }
  }

  @Test
  void requestsBeyondTheRateAreToldWhenToComeAgainDescribesAsWell() throws Exception {
    // One in 1000 s: no test is so slow that another one comes free.
    TenantLimits rare = TenantLimits.NONE.withRates(new TenantLimits.Rates(0.001, 2, 0));
    try (TenantServer server =
        start(4, Map.of(new Tenant("clinic"), rare, new Tenant("bank"), rare))) {
      server.call("clinic").send(TestServer.opening(4, 5)).awaitOpened();
      assertThat(describe(server, "clinic").getOpenSessions()).isEqualTo(1);
      WireError third = server.call("clinic").send(TestServer.opening(4, 5)).awaitError();
      assertThat(third.reason()).isEqualTo(WireReason.QUOTA_EXCEEDED.name());
      assertThat(third.metadata()).containsEntry("field", "requests_per_second");
      assertThat(third.retryDelay().orElseThrow())
          .isBetween(Duration.ofSeconds(900), Duration.ofSeconds(1000));
      try {
        describe(server, "clinic");
        throw new AssertionError("the fourth request passed");
      } catch (StatusRuntimeException e) {
        assertThat(WireStatus.read(e).reason()).isEqualTo(WireReason.QUOTA_EXCEEDED.name());
      }
      assertThat(describe(server, "bank").getOpenSessions()).isEqualTo(1);
    }
  }

  @Test
  void whoSendsMoreBytesThanItMayIsReadMoreSlowlyAndServedAllTheSame() throws Exception {
    float[] prompt = TestServer.prompt(2, 60);
    Uplink.Hidden first = TestServer.frame(java.util.Arrays.copyOf(prompt, 8), 0, HeaderForm.LONG);
    // All frames together are worth more than two seconds.
    long rate = 60L * first.frame().remaining() / 4;
    TenantLimits slow = TenantLimits.NONE.withRates(new TenantLimits.Rates(0, 0, rate));
    try (TenantServer server = start(4, Map.of(new Tenant("clinic"), slow))) {
      TestCall call = server.call("clinic").send(TestServer.opening(60, 5));
      call.awaitOpened();
      long start = System.nanoTime();
      long bytes = 0;
      for (int position = 0; position < 60; position++) {
        Uplink.Hidden frame =
            TestServer.frame(
                java.util.Arrays.copyOfRange(prompt, position * 8, (position + 1) * 8),
                position,
                HeaderForm.LONG);
        bytes += frame.frame().remaining();
        call.send(frame);
      }
      call.send(new Uplink.EndOfPrompt(60));
      assertThat(call.awaitAnswer().ids()).containsExactly(TestServer.alone(prompt, 5));
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      // A second's worth passes at once, and some frames are asked for ahead.
      double least = (double) bytes / rate - 1.5;
      assertThat(least).isGreaterThan(1);
      assertThat(took).isGreaterThan(Duration.ofNanos((long) (least * 1e9)));
    }
  }

  @Test
  void anOpenWaitsForASlotUntilItComesOrItsTimeIsOver() throws Exception {
    ServerConfig config = config(1, TenantPolicy.unlimited(), Duration.ofSeconds(30));
    try (TenantServer server = TenantServer.start(config)) {
      TestCall running = server.call("clinic").send(TestServer.opening(4, 5));
      running.awaitOpened();
      TestCall waiting = server.call("clinic").send(TestServer.opening(4, 5));
      waiting.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      server.awaitMetric(1, "cleave.queue.depth");
      TestCall leaving = server.call("clinic").send(TestServer.opening(4, 5));
      server.awaitMetric(2, "cleave.queue.depth");
      leaving.vanish();
      server.awaitMetric(1, "cleave.queue.depth");
      running.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      running.awaitAnswer();
      waiting.awaitOpened();
      assertThat(waiting.awaitAnswer().ids()).containsExactly(TestServer.alone(FOUR, 5));
      server.awaitMetric(0, "cleave.sessions.open");
    }
    ServerConfig hasty = config(1, TenantPolicy.unlimited(), Duration.ofMillis(100));
    try (TenantServer server = TenantServer.start(hasty)) {
      server.call("clinic").send(TestServer.opening(4, 5)).awaitOpened();
      WireError late = server.call("clinic").send(TestServer.opening(4, 5)).awaitError();
      assertThat(late.reason()).isEqualTo(WireReason.NO_KV_ROOM.name());
      assertThat(late.retryDelay()).isPresent();
      assertThat(server.metric("cleave.queue.depth")).isZero();
    }
  }

  @Test
  void nobodyCanTakeOverTheSessionOfAnotherTenant() throws Exception {
    try (TenantServer server =
        TenantServer.start(config(4, TenantPolicy.unlimited(), Duration.ZERO))) {
      TestCall clinic = server.call("clinic").send(named(0));
      clinic.awaitOpened();
      server.call("bank").send(named(9)).awaitOpened();
      clinic.send(TestServer.frame(FOUR, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      clinic.awaitAnswer();
      assertThat(server.metric("cleave.sessions.taken.over")).isZero();
    }
  }

  private static Uplink.OpenSession named(int attempt) {
    return new Uplink.OpenSession(
        TestServer.open(4, 5).setSessionHigh(1).setSessionLow(2).setAttempt(attempt).build());
  }

  private static DescribeReply describe(TenantServer server, String tenant) {
    return ClientCalls.blockingUnaryCall(
        server.as(tenant),
        DecoderMethods.DESCRIBE,
        CallOptions.DEFAULT,
        DescribeRequest.getDefaultInstance());
  }

  @Test
  void onlySoManyMayWaitAndFewerOfOneTenant() throws Exception {
    ServerConfig config =
        config(1, TenantPolicy.unlimited(), Duration.ofSeconds(30))
            .withSharing(new ServerConfig.Sharing(TenantPolicy.unlimited(), new QueueLimits(2, 1)));
    try (TenantServer server = TenantServer.start(config)) {
      server.call("clinic").send(TestServer.opening(4, 5)).awaitOpened();
      server.call("clinic").send(TestServer.opening(4, 5));
      server.awaitMetric(1, "cleave.queue.depth");
      WireError own = server.call("clinic").send(TestServer.opening(4, 5)).awaitError();
      assertThat(own.reason()).isEqualTo(WireReason.QUOTA_EXCEEDED.name());
      assertThat(own.metadata()).containsEntry("field", "waiting").containsEntry("limit", "1");
      server.call("bank").send(TestServer.opening(4, 5));
      server.awaitMetric(2, "cleave.queue.depth");
      WireError all = server.call("school").send(TestServer.opening(4, 5)).awaitError();
      assertThat(all.reason()).isEqualTo(WireReason.NO_KV_ROOM.name());
      assertThat(all.metadata()).containsEntry("waiting", "2");
    }
  }

  private static TenantServer start(int slots, Map<Tenant, TenantLimits> tenants) throws Exception {
    return TenantServer.start(config(slots, TenantPolicy.of(tenants, null), Duration.ofSeconds(5)));
  }

  private static ServerConfig config(int slots, TenantPolicy tenants, Duration queue) {
    return ServerConfig.onFreePorts(TestServer.limits(slots, false, Duration.ofSeconds(30)))
        .withTenants(tenants)
        .withTimes(TimeLimits.DEFAULT.withQueue(queue));
  }
}
