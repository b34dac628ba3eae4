package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.wire.Uplink;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** All that the server writes above TCP for each step, pings and window updates with it. */
@Timeout(60)
class DownBytesTest {

  private static final int CONTEXT = 2100;
  private static final int VOCABULARY = 50_000;
  private static final int FROM = 200;
  private static final int TO = 1200;

  @Test
  void aTokenIsAtMost32BytesOnTheWire() throws Exception {
    FakeUpperEngine engine = new FakeUpperEngine(2, VOCABULARY, CONTEXT, 24);
    SessionLimits limits =
        new SessionLimits(2, CONTEXT, 64, 16, 1 << 20, false, Duration.ofSeconds(30));
    CausalConfig steps = new CausalConfig(CONTEXT, 24, 1, Duration.ofSeconds(60));
    AtomicLong down = new AtomicLong();
    try (CausalServer server = CausalServer.start(engine, limits, steps);
        ServerSocket proxy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> relay(proxy, server.server.port(), down));
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", proxy.getLocalPort()).usePlaintext().build();
      TestCall call = TestCall.open(channel).send(CausalServer.opening(CONTEXT, 1));
      call.awaitOpened();
      float[] rows = TestServer.prompt(1, TO);
      call.send(CausalServer.hidden(rows, 0, 1), new Uplink.EndOfPrompt(1));
      call.awaitSampled();
      long before = 0;
      for (int position = 1; position < TO; position++) {
        before = position == FROM ? down.get() : before;
        call.send(CausalServer.step(rows, position, position + 1));
        call.awaitSampled();
      }
      assertThat(before).isPositive();
      assertThat((down.get() - before) / (double) (TO - FROM)).isBetween(15.0, 32.0);
      channel.shutdownNow();
    }
  }

  private static void relay(ServerSocket proxy, int port, AtomicLong down) {
    try (Socket client = proxy.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), port)) {
      Thread.ofVirtual().start(() -> copy(client, server, new AtomicLong()));
      copy(server, client, down);
    } catch (IOException e) {
      down.set(Long.MIN_VALUE); // the test then fails on its count
    }
  }

  private static void copy(Socket from, Socket to, AtomicLong bytes) {
    byte[] buffer = new byte[1 << 16];
    try {
      int read = from.getInputStream().read(buffer);
      while (read > 0) {
        bytes.addAndGet(read);
        to.getOutputStream().write(buffer, 0, read);
        read = from.getInputStream().read(buffer);
      }
    } catch (IOException e) {
      // either side has closed: the end
    }
  }
}
