package dev.cleave.edge.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.LinkTimes;
import dev.cleave.edge.channel.Servers;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.v1.Open;
import dev.cleave.wire.WireHeaders;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which of several servers a session goes to, and what happens to one that cannot be reached. */
@Timeout(60)
class SeveralServersTest {
  private static final StreamTerms TERMS =
      new StreamTerms(Optional.of(Duration.ofSeconds(30)), 64 << 10);

  private final List<TakingServer> servers = new ArrayList<>();

  private final AtomicLong nanos = new AtomicLong();

  @AfterEach
  void stop() {
    servers.forEach(TakingServer::close);
  }

  @Test
  void aSessionGoesToOneServerAndWithEachAttemptToTheNext() throws Exception {
    try (GrpcDecoderLink link = link(start(3))) {
      int home = came(link, open(7, 0));
      assertThat(came(link, open(7, 0))).isEqualTo(home);
      for (int attempt = 1; attempt < 7; attempt++) {
        assertThat(came(link, open(7, attempt))).isEqualTo((home + attempt) % 3);
      }
      assertThat(came(link, open(7, -1)))
          .as("attempt 2^32 - 1, which is a multiple of 3")
          .isEqualTo(home);
      assertThat(servers.get(home).headers())
          .allSatisfy(it ->
              assertThat(it.get(WireHeaders.SESSION))
                  .isEqualTo("00000000000000000000000000000007"));
      Set<Integer> homes = new HashSet<>();
      for (long session = 1; session <= 3; session++) {
        homes.add(came(link, open(session, 0)));
      }
      assertThat(homes).containsExactlyInAnyOrder(0, 1, 2);
    }
  }

  @Test
  void sessionsWithoutANameTakeTurns() throws Exception {
    try (GrpcDecoderLink link = link(start(3))) {
      int first = came(link, open(0, 0));
      for (int i = 1; i < 6; i++) {
        assertThat(came(link, open(0, 0))).isEqualTo((first + i) % 3);
      }
    }
  }

  @Test
  void aServerThatIsGoneIsPassedOverForASecond() throws Exception {
    try (GrpcDecoderLink link = link(start(3))) {
      int home = came(link, open(5, 0));
      String address = servers.get(home).address();
      servers.get(home).close();
      assertThatThrownBy(() -> came(link, open(5, 0)))
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.RETRY);
                assertThat(e).hasMessageContaining(address);
              });
      assertThat(came(link, open(5, 0))).isEqualTo((home + 1) % 3);
      assertThat(came(link, open(5, 3))).isEqualTo((home + 1) % 3);
      assertThat(came(link, open(5, 2))).isEqualTo((home + 2) % 3);
      nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
      assertThatThrownBy(() -> came(link, open(5, 0))).hasMessageContaining(address);
    }
  }

  @Test
  void aServerThatTakesNoSessionsIsPassedOver() throws Exception {
    start(1);
    try (TakingServer draining =
            TakingServer.refusing(WireStatus.exception(WireReason.DRAINING, "going away"));
        GrpcDecoderLink link = link(draining.address() + "," + servers.getFirst().address())) {
      assertThatThrownBy(() -> came(link, open(2, 0))).hasMessageContaining("DRAINING");
      assertThat(came(link, open(2, 0))).isZero();
    }
  }

  @Test
  void aServerThatComesBackIsTakenAtOnce() throws Exception {
    int port = freePort();
    try (GrpcDecoderLink link = link("127.0.0.1:" + port)) {
      assertThatThrownBy(() -> came(link, open(1, 0))).isInstanceOf(CleaveException.class);
      // gRPC by itself would not look again within its back-off.
      servers.add(TakingServer.start("0", "127.0.0.1", port));
      assertThat(came(link, open(1, 1))).isZero();
    }
  }

  @Test
  void describeAsksUntilOneAnswers() throws Exception {
    try (TakingServer third = TakingServer.start("the third");
        ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        GrpcDecoderLink link =
            link(
                "127.0.0.1:%d,127.0.0.1:%d,%s"
                    .formatted(freePort(), silent.getLocalPort(), third.address()))) {
      assertThat(link.describe(Duration.ofSeconds(4)).getServerName()).isEqualTo("the third");
    }
    try (GrpcDecoderLink link = link("127.0.0.1:%d,127.0.0.1:%d".formatted(freePort(), 1))) {
      assertThatThrownBy(() -> link.describe(Duration.ofSeconds(5)))
          .hasMessageContaining("127.0.0.1:1")
          .hasMessageContaining("UNAVAILABLE");
    }
  }

  @Test
  void aNameMeansAllOfItsAddressesInTurn() throws Exception {
    start(1);
    int port = servers.getFirst().port();
    servers.add(TakingServer.start("1", "127.0.0.2", port));
    Connection byName =
        new Connection(
            Servers.parse("dns:///%s:%d".formatted(TestNames.TWO, port)),
            ClientSecurity.plaintextToAnywhere(),
            LinkTimes.defaults());
    try (GrpcDecoderLink link = GrpcDecoderLink.to(byName)) {
      Set<Integer> came = new HashSet<>();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      // The first calls go to whichever is connected first.
      while (came.size() < 2 && System.nanoTime() < deadline) {
        came.add(came(link, open(1, 0)));
      }
      assertThat(came).containsExactlyInAnyOrder(0, 1);
      servers.get(0).close();
      servers.get(1).close();
      assertThatThrownBy(() -> came(link, open(1, 1)))
          .hasMessageContaining("dns:///" + TestNames.TWO);
    }
  }

  /** What accepts and says nothing, and what falls silent later, are both found by pings. */
  @Test
  void aHalfOpenConnectionIsFound() throws Exception {
    LinkTimes times = LinkTimes.defaults().withAnswer(Duration.ofMillis(200));
    start(1);
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        SilencedProxy proxy = SilencedProxy.to(servers.getFirst().port());
        GrpcDecoderLink never =
            GrpcDecoderLink.to(
                Connection.to("127.0.0.1:" + silent.getLocalPort()).withTimes(times));
        GrpcDecoderLink later =
            GrpcDecoderLink.to(Connection.to(proxy.address()).withTimes(times))) {
      StreamTerms endless = new StreamTerms(Optional.empty(), 64 << 10);
      try (DecoderStream lost = later.open(open(1, 0), endless);
          DecoderStream stuck = never.open(open(1, 0), endless)) {
        assertThat(lost.opened()).isNotNull();
        proxy.silence();
        assertThatThrownBy(lost::next)
            .isInstanceOfSatisfying(
                CleaveException.class,
                e -> assertThat(e.category()).isEqualTo(Category.REOPEN_SESSION));
        assertThatThrownBy(stuck::opened)
            .isInstanceOfSatisfying(
                CleaveException.class, e -> assertThat(e.category()).isEqualTo(Category.RETRY));
      }
    }
  }

  private String start(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      servers.add(TakingServer.start(Integer.toString(i)));
    }
    return String.join(",", servers.stream().map(TakingServer::address).toList());
  }

  private GrpcDecoderLink link(String list) {
    return GrpcDecoderLink.to(Connection.to(list), nanos::get);
  }

  /** The number of the server that took the session. */
  private static int came(GrpcDecoderLink link, Open open) {
    try (DecoderStream stream = link.open(open, TERMS)) {
      return Integer.parseInt(stream.opened().getServerName());
    }
  }

  private static Open open(long session, int attempt) {
    return TakingServer.open().setSessionLow(session).setAttempt(attempt).build();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
