package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.server.security.Security;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that asks for tokens. */
@Timeout(60)
class TokenGateTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void takesCallsWithATokenAndNoOthersButHealthChecks() throws Exception {
    TestIssuer issuer = new TestIssuer(folder);
    try (TestServer server = start(issuer)) {
      assertThat(
              HealthGrpc.newBlockingStub(server.channel)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);

      WireError refusal = TestCall.open(server.channel).awaitError();
      assertThat(refusal.is(WireReason.UNAUTHENTICATED)).isTrue();
      assertThatThrownBy(() -> describe(server.channel))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(WireStatus.read(e).is(WireReason.UNAUTHENTICATED)).isTrue());
      assertThatThrownBy(() -> services(server.channel)).hasMessageContaining("UNAUTHENTICATED");
      String expired = issuer.token(Instant.now().minusSeconds(3600));
      assertThatThrownBy(() -> describe(TestIssuer.with(server.channel, expired)))
          .hasMessageContaining("expired")
          .hasMessageNotContaining(expired);
      assertThat(server.metric("cleave.rejects", "reason", "UNAUTHENTICATED")).isEqualTo(4);

      String good = issuer.token(Instant.now().plusSeconds(3600));
      Channel authentic = TestIssuer.with(server.channel, good);
      describe(authentic);
      assertThat(services(authentic).getListServicesResponse().getServiceCount()).isPositive();
      TestCall call = TestCall.open(authentic);
      call.send(TestServer.opening(1, 1));
      call.awaitOpened();
      call.vanish();
      assertThatThrownBy(
              () -> describe(TestIssuer.with(TestIssuer.with(server.channel, good), good)))
          .as("two tokens")
          .hasMessageContaining("UNAUTHENTICATED");
      // Beyond what the transport takes of headers.
      assertThatThrownBy(() -> describe(TestIssuer.with(server.channel, "x".repeat(20_000))))
          .isInstanceOf(StatusRuntimeException.class);
      describe(authentic);
    }
  }

  private static TestServer start(TestIssuer issuer) {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(4, false, Duration.ofSeconds(30)))
            .withListen(
                new ServerConfig.Listen(
                    "127.0.0.1",
                    0,
                    Monitoring.off(),
                    Security.loopback().withTokens(issuer.policy())));
    return TestServer.start(config, TestServer.VOCABULARY);
  }

  private static void describe(Channel channel) {
    ClientCalls.blockingUnaryCall(
        channel,
        DecoderMethods.DESCRIBE,
        CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
        DescribeRequest.getDefaultInstance());
  }

  private static ServerReflectionResponse services(Channel channel) throws Exception {
    CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    answer.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {
                    // the answer has come
                  }
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    try {
      return answer.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw (StatusRuntimeException) e.getCause();
    } finally {
      requests.onCompleted();
    }
  }
}
