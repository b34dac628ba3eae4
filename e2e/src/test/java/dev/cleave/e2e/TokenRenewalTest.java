package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.SessionOptions;
import dev.cleave.edge.channel.BearerToken;
import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.TlsFiles;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.keys.DevelopmentCa;
import dev.cleave.edge.keys.KeyFolder;
import dev.cleave.edge.keys.TokenIssuer;
import dev.cleave.edge.link.Connection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sessions over TLS that outlast the token they were opened with. */
@Timeout(300)
class TokenRenewalTest {
  private static final GenerateOptions SHORT =
      GenerateOptions.defaults().withMaxNewTokens(8).ignoringEos();

  /** Long enough to open two sessions in; all of it is waited for. */
  private static final Duration SOON = Duration.ofSeconds(4);

  @TempDir private Path work = Path.of("");

  @Test
  void aSessionGoesOnWithTheTokenThatReplacedItsOwnAndNotWithTheOldOne() throws Exception {
    Path bundle = Bundles.fixture("llama3-rope-untied-bf16-sharded", work, 2);
    Path keys = work.resolve("keys");
    TokenIssuer issuer = TokenIssuer.create();
    DevelopmentCa.create(Instant.now())
        .write(new KeyFolder(keys), List.of("127.0.0.1"), Duration.ofDays(1), Instant.now())
        .write(false);
    issuer
        .write(new KeyFolder(keys.resolve("issuer")), claims(Duration.ofDays(1)), Instant.now())
        .write(false);
    String[] secured = {
      "--tls-cert", keys.resolve("server.pem").toString(),
      "--tls-key", keys.resolve("server-key.pem").toString(),
      "--auth-jwks", keys.resolve("issuer").resolve(TokenIssuer.JWKS).toString(),
      "--auth-issuer", "cleave-dev",
      "--auth-audience", "cleave",
      "--auth-clock-skew", "0",
      "--queue-timeout", "1" // calls are looked at as often as that asks for
    };
    Path renewed = write("renewed.jwt", issuer, Duration.ofDays(1));
    Path kept = write("kept.jwt", issuer, Duration.ofDays(1));
    try (ServerProcess server = ServerProcess.start(bundle, secured);
        CleaveClient one = client(bundle, server, keys, renewed);
        CleaveClient other = client(bundle, server, keys, kept)) {
      List<Integer> first;
      List<Integer> second;
      try (CausalSession undisturbed = one.openSession(SessionOptions.defaults())) {
        first = answer(undisturbed, 1, 0);
        second = answer(undisturbed, 2, 0);
      }
      try (CausalSession connecting = other.openSession(SessionOptions.defaults())) {
        assertThat(answer(connecting, 1, 0)).isEqualTo(first);
      }
      ServerLifeTest.awaitMetric(server, "cleave_sessions_open", 0);
      write("renewed.jwt", issuer, SOON);
      write("kept.jwt", issuer, SOON);
      try (CausalSession going = one.openSession(SessionOptions.defaults());
          CausalSession ending = other.openSession(SessionOptions.defaults())) {
        assertThat(answer(going, 1, 0)).isEqualTo(first);
        assertThat(answer(ending, 1, 0)).isEqualTo(first);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (ServerLifeTest.metric(server, "cleave_sessions_open") > 0) {
          assertThat(System.nanoTime()).as("the sessions go on").isLessThan(deadline);
          TimeUnit.MILLISECONDS.sleep(100);
        }
        write("renewed.jwt", issuer, Duration.ofDays(1));
        assertThat(answer(going, 2, 1)).isEqualTo(second);
        assertThatThrownBy(() -> answer(ending, 2, 0))
            .isInstanceOfSatisfying(
                CleaveException.class, e -> assertThat(e.category()).isEqualTo(Category.FATAL))
            .hasMessageContaining("UNAUTHENTICATED")
            .hasMessageContaining("the token has expired")
            .hasMessageContaining("--token");
      }
    }
  }

  private static CleaveClient client(Path bundle, ServerProcess server, Path keys, Path token) {
    ClientSecurity security =
        ClientSecurity.tls(TlsFiles.trusting(keys.resolve(DevelopmentCa.CA)))
            .withToken(BearerToken.in(token));
    return CleaveClient.open(
        bundle, ClientOptions.of(Connection.to(server.address()).withSecurity(security)));
  }

  private static List<Integer> answer(CausalSession session, int turn, int reopened) {
    int[] ids = new SplittableRandom(turn).ints(6, 3, 512).toArray();
    try (Generation answer = session.generate(ids, SHORT)) {
      answer.forEach(piece -> {});
      assertThat(answer.receipt().recovered().reopened()).isEqualTo(reopened);
      return Arrays.stream(answer.tokenIds()).boxed().toList();
    }
  }

  /** Puts a token where the one before was, as a whole. */
  private Path write(String name, TokenIssuer issuer, Duration life) throws IOException {
    Path fresh = Files.writeString(work.resolve("fresh"), issuer.sign(claims(life), Instant.now()));
    return Files.move(fresh, work.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private static TokenIssuer.Claims claims(Duration life) {
    return new TokenIssuer.Claims("clinic", "cleave-dev", "cleave", life);
  }
}
