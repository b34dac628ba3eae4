package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.security.Security;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What tools and balancers learn of a server. */
@Timeout(60)
class DiscoveryTest {

  @Test
  void takesNoSessionsUntilTheEngineIsWarm() throws Exception {
    int port = freePort();
    FakeDecoderEngine engine = new FakeDecoderEngine(2, 50);
    Semaphore gate = engine.gateSteps();
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)))
            .withListen(
                new ServerConfig.Listen("127.0.0.1", port, Monitoring.off(), Security.loopback()));
    ServedModel model = new ServedModel(TestServer.BUNDLE_ID, "fake");
    CompletableFuture<DecoderServer> starting =
        CompletableFuture.supplyAsync(
            () -> DecoderServer.start(config, model, TokenRules.of(3, Set.of()), engine));
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    try {
      assertThat(healthOnceReachable(channel)).isEqualTo(ServingStatus.NOT_SERVING);
      WireError refused = TestCall.open(channel).send(TestServer.opening(4, 5)).awaitError();
      assertThat(refused.reason()).isEqualTo(WireReason.NOT_SERVING.name());
      assertThat(refused.retryDelay()).isPresent();
      assertThat(starting).isNotDone();
      gate.release(1000);
      try (DecoderServer server = starting.get(10, TimeUnit.SECONDS)) {
        assertThat(server.serving()).isTrue();
        assertThat(server.metricsPort()).isEmpty();
        assertThat(healthOnceReachable(channel)).isEqualTo(ServingStatus.SERVING);
        TestCall.open(channel).send(TestServer.opening(4, 5)).awaitOpened();
      }
    } finally {
      channel.shutdownNow();
      engine.ungateSteps();
      engine.close();
    }
  }

  @Test
  void aBrokenEngineTakesTheServerOutOfService() throws Exception {
    try (TestServer server = TestServer.start()) {
      server.engine.failClears();
      Semaphore gate = server.engine.gateSteps();
      TestCall first = server.generate(TestServer.prompt(1, 4), 1);
      first.awaitOpened();
      TestCall second = server.generate(TestServer.prompt(2, 4), 100);
      second.awaitOpened();
      gate.release(1);
      assertThat(first.awaitAnswer().tokens()).hasSize(1);
      server.engine.ungateSteps();
      assertThat(second.awaitError().reason()).isEqualTo(WireReason.ENGINE_STUCK.name());
      assertThat(server.server.engineLost().get(10, TimeUnit.SECONDS)).isEqualTo(EngineLoss.DIED);
      assertThat(server.server.serving()).isFalse();
      server.awaitNothingHeld(TestServer.SLOTS);
      server.server.close();
      server.engine.forgetSlots();
    }
  }

  @Test
  void reflectionListsTheService() throws Exception {
    try (TestServer server = TestServer.start()) {
      CompletableFuture<List<String>> services = new CompletableFuture<>();
      StreamObserver<ServerReflectionRequest> requests =
          ServerReflectionGrpc.newStub(server.channel)
              .serverReflectionInfo(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(ServerReflectionResponse response) {
                      services.complete(
                          response.getListServicesResponse().getServiceList().stream()
                              .map(ServiceResponse::getName)
                              .toList());
                    }

                    @Override
                    public void onError(Throwable failure) {
                      services.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {}
                  });
      requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
      assertThat(services.get(10, TimeUnit.SECONDS))
          .contains("cleave.v1.Decoder", "grpc.health.v1.Health");
      requests.onCompleted();
    }
  }

  private static ServingStatus healthOnceReachable(ManagedChannel channel)
      throws InterruptedException {
    while (true) { // bounded by the class's timeout
      try {
        return health(channel);
      } catch (StatusRuntimeException notYet) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
    }
  }

  private static ServingStatus health(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel)
        .withWaitForReady()
        .withDeadlineAfter(Duration.ofSeconds(10))
        .check(HealthCheckRequest.newBuilder().setService("cleave.v1.Decoder").build())
        .getStatus();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
