package dev.cleave.edge.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.error.CleaveException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers that a control plane names. */
@Timeout(60)
class XdsLinkTest {
  private static final String BOOTSTRAP = "io.grpc.xds.bootstrapConfig";
  private static final long SEED = 7;
  private static final StreamTerms TERMS =
      new StreamTerms(Optional.of(Duration.ofSeconds(30)), 64 << 10);

  @AfterEach
  void forget() {
    System.clearProperty(BOOTSTRAP);
  }

  @Test
  void aSessionStaysWithItsServerAndMovesWhenThatIsGone() throws Exception {
    try (ControlPlane control = ControlPlane.start();
        TakingServer first = TakingServer.start("first");
        TakingServer second = TakingServer.start("second")) {
      control.serve("1", List.of(first.port(), second.port()));
      System.setProperty(BOOTSTRAP, control.bootstrap());
      try (GrpcDecoderLink link = link()) {
        assertThat(link.describe(Duration.ofSeconds(30)).getServerName()).isIn("first", "second");
        Random random = new Random(SEED);
        Map<Long, String> homes = new HashMap<>();
        for (int i = 0; i < 40; i++) {
          long session = random.nextLong();
          homes.put(session, open(link, session, 0));
        }
        assertThat(homes).containsValue("first").containsValue("second");
        homes.forEach((session, home) -> {
          assertThat(open(link, session, 0)).isEqualTo(home);
          assertThat(open(link, session, 1)).as("another attempt").isEqualTo(home);
        });
        first.die();
        // Whoever opens again may find the connection breaking; the ring then goes on.
        homes.keySet().forEach(session -> assertThat(reopen(link, session)).isEqualTo("second"));
        second.die();
        assertThatThrownBy(() -> open(link, 1, 0))
            .hasMessageContaining("xds:///" + ControlPlane.SERVERS);
      }
    }
  }

  @Test
  void withoutAControlPlaneItSaysWhatIsMissing() {
    System.setProperty(BOOTSTRAP, "{}");
    try (GrpcDecoderLink link = link()) {
      assertThatThrownBy(() -> link.describe(Duration.ofSeconds(20)))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("xds:///" + ControlPlane.SERVERS);
    }
  }

  private static GrpcDecoderLink link() {
    return GrpcDecoderLink.to(
        Connection.to("xds:///" + ControlPlane.SERVERS)
            .withSecurity(ClientSecurity.plaintextToAnywhere()));
  }

  private static String reopen(GrpcDecoderLink link, long session) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    for (int attempt = 1; ; attempt++) {
      try {
        return open(link, session, attempt);
      } catch (CleaveException e) {
        assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(deadline);
      }
    }
  }

  private static String open(GrpcDecoderLink link, long session, int attempt) {
    try (DecoderStream stream =
        link.open(TakingServer.open().setSessionLow(session).setAttempt(attempt).build(), TERMS)) {
      return stream.opened().getServerName();
    }
  }
}
