package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.security.ConnectionLimits;
import dev.cleave.server.security.Security;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.wire.DecoderMethods;
import io.grpc.CallOptions;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What holds before a message is read. */
@Timeout(60)
class ConnectionLimitsTest {

  @ParameterizedTest
  @CsvSource({"3,100", "100,3"})
  void connectionsBeyondTheLimitAreCutAndOthersServed(int inAll, int perAddress) throws Exception {
    ConnectionLimits limits = ConnectionLimits.defaults().withNumbers(inAll, perAddress);
    try (TestServer server = start(limits)) {
      List<Socket> held = new ArrayList<>();
      describe(server); // holds the first place
      held.add(connect(server));
      held.add(connect(server));
      assertThat(greeted(held.get(0))).isTrue();
      assertThat(greeted(held.get(1))).isTrue();
      for (int i = 0; i < 20; i++) {
        try (Socket beyond = connect(server)) {
          assertThat(greeted(beyond)).isFalse();
        }
      }
      describe(server);
      held.get(0).close();
      awaitRoom(server);
      held.get(1).close();
    }
  }

  private static void describe(TestServer server) {
    ClientCalls.blockingUnaryCall(
        server.channel,
        DecoderMethods.DESCRIBE,
        CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
        DescribeRequest.getDefaultInstance());
  }

  private static Socket connect(TestServer server) throws IOException {
    Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), server.server.port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** Whether the server begins to speak HTTP/2, which it does of itself. */
  private static boolean greeted(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() >= 0;
    } catch (SocketException e) {
      return false; // reset
    }
  }

  private static void awaitRoom(TestServer server) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try (Socket socket = connect(server)) {
        if (greeted(socket)) {
          return;
        }
      }
      assertThat(System.nanoTime()).as("no room after one has gone").isLessThan(deadline);
    }
  }

  @Test
  void whoSaysNothingIsCutAfterTheHandshakesTime() throws Exception {
    ConnectionLimits limits = ConnectionLimits.defaults().withHandshake(Duration.ofMillis(300));
    try (TestServer server = start(limits);
        Socket silent = connect(server)) {
      assertThat(greeted(silent)).isTrue();
      while (greeted(silent)) {
        // the rest of its settings
      }
      describe(server);
    }
  }

  private static TestServer start(ConnectionLimits limits) {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)))
            .withListen(
                new ServerConfig.Listen(
                    "127.0.0.1", 0, Monitoring.off(), Security.loopback().withConnections(limits)));
    return TestServer.start(config, TestServer.VOCABULARY);
  }
}
