package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.TlsFiles;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.keys.DevelopmentCa;
import dev.cleave.edge.keys.KeyFolder;
import dev.cleave.edge.link.Connection;
import dev.cleave.server.admission.ServedCodec;
import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.rpc.CausalConfig;
import dev.cleave.server.rpc.DecoderServer;
import dev.cleave.server.rpc.ListenAddress;
import dev.cleave.server.rpc.ServerConfig;
import dev.cleave.server.security.Security;
import dev.cleave.server.security.ServerTls;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.server.upper.TorchUpperEngine;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a server proves itself with, to real devices that believe one CA each. */
@Timeout(120)
class ServerCertificateTest {
  private static final int POSITIONS = 64;
  private static final int SESSIONS = 2;
  private static final int STEP = 16;
  private static final int[] PROMPT = {5, 17, 300, 42, 99};
  private static final GenerateOptions SHORT =
      GenerateOptions.defaults().withMaxNewTokens(8).ignoringEos();

  @TempDir static Path work;
  private static Path bundle = Path.of("");

  @BeforeAll
  static void split() {
    bundle = Bundles.fixture("llama3-rope-untied-bf16-sharded", work, 2);
  }

  @Test
  void aNewCertificateIsForNewConnectionsAndTheOldOnesGoOn() throws Exception {
    Path before = keys("before", "127.0.0.1");
    Path after = keys("after", "127.0.0.1");
    Path used = Files.createDirectory(work.resolve("used"));
    replace(before, used);
    ServerTls tls =
        ServerTls.of(used.resolve("server.pem"), used.resolve("server-key.pem"))
            .withReload(Duration.ofMillis(20));
    try (UpperEngine engine = engine();
        DecoderServer server = start(engine, "127.0.0.1", tls);
        CleaveClient old = client("127.0.0.1", server, before)) {
      List<Integer> answer = answer(old);
      assertThatThrownBy(() -> askAnew(server, after)).hasMessageContaining("not of a CA");
      replace(after, used);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (true) {
        try {
          assertThat(askAnew(server, after)).isEqualTo(answer);
          break;
        } catch (CleaveException e) {
          assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(deadline);
        }
      }
      // Its CA has nothing to do with the new certificate: this is the connection that it had.
      assertThat(answer(old)).isEqualTo(answer);
      assertThatThrownBy(() -> askAnew(server, before)).hasMessageContaining("not of a CA");
    }
  }

  @Test
  void listensOnIpv6WithACertificateForIt() throws Exception {
    assumeTrue(hasIpv6Loopback(), "this machine has no IPv6 loopback");
    Path keys = keys("ipv6", "::1");
    ServerTls tls = ServerTls.of(keys.resolve("server.pem"), keys.resolve("server-key.pem"));
    try (UpperEngine engine = engine();
        DecoderServer server = start(engine, "::1", tls);
        CleaveClient client = client("::1", server, keys)) {
      assertThat(answer(client)).hasSize(8);
    }
    Path other = keys("ipv4", "127.0.0.1");
    ServerTls wrong = ServerTls.of(other.resolve("server.pem"), other.resolve("server-key.pem"));
    try (UpperEngine engine = engine();
        DecoderServer server = start(engine, "::1", wrong);
        CleaveClient client = client("::1", server, other)) {
      assertThatThrownBy(() -> answer(client)).hasMessageContaining("is for another name");
    }
  }

  private static UpperEngine engine() {
    Bundle half = Bundle.open(bundle, Half.SERVER);
    UpperOptions.Sizes sizes = new UpperOptions.Sizes(SESSIONS, POSITIONS, STEP);
    return TorchUpperEngine.open(half, new UpperOptions("cpu", WeightPrecision.F32, sizes));
  }

  private static DecoderServer start(UpperEngine engine, String host, ServerTls tls) {
    Bundle half = Bundle.open(bundle, Half.SERVER);
    SessionLimits limits =
        new SessionLimits(
            SESSIONS, POSITIONS, POSITIONS, STEP, 1 << 20, false, Duration.ofSeconds(30));
    ServerConfig config =
        ServerConfig.onFreePorts(limits)
            .withListen(
                new ServerConfig.Listen(
                    host, 0, Monitoring.off(), Security.loopback().withTls(tls)));
    return DecoderServer.start(
        config,
        new CausalConfig((long) SESSIONS * POSITIONS, STEP, 8, Duration.ofSeconds(60)),
        new ServedModel(half.id().hex(), half.manifest().architecture(), ServedCodec.of(half)),
        engine);
  }

  private static List<Integer> askAnew(DecoderServer server, Path trusted) {
    try (CleaveClient client = client("127.0.0.1", server, trusted)) {
      return answer(client);
    }
  }

  private static CleaveClient client(String host, DecoderServer server, Path trusted) {
    TlsFiles files = TlsFiles.trusting(trusted.resolve(DevelopmentCa.CA));
    return CleaveClient.open(
        bundle,
        ClientOptions.of(
            Connection.to(ListenAddress.text(host, server.port()))
                .withSecurity(ClientSecurity.tls(files))));
  }

  private static List<Integer> answer(CleaveClient client) {
    try (Generation answer = client.generateFromIds(PROMPT, SHORT)) {
      answer.forEach(piece -> {});
      return Arrays.stream(answer.tokenIds()).boxed().toList();
    }
  }

  private static Path keys(String name, String host) {
    Path out = work.resolve(name);
    Instant now = Instant.now();
    DevelopmentCa.create(now)
        .write(new KeyFolder(out), List.of(host), Duration.ofDays(1), now)
        .write(false);
    return out;
  }

  /** Each file as a whole; between the two the server keeps the old pair. */
  private static void replace(Path from, Path to) throws IOException {
    for (String name : List.of("server.pem", "server-key.pem")) {
      Path fresh = Files.copy(from.resolve(name), to.resolve("fresh"));
      Files.move(fresh, to.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static boolean hasIpv6Loopback() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("::1"))) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
