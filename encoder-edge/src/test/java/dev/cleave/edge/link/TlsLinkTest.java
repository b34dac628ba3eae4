package dev.cleave.edge.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.channel.BearerToken;
import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.LinkTimes;
import dev.cleave.edge.channel.TlsFiles;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.keys.DevelopmentCa;
import dev.cleave.edge.keys.KeyFolder;
import dev.cleave.v1.Open;
import dev.cleave.wire.WireHeaders;
import dev.cleave.wire.tls.Identity;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The device's end of TLS, over real connections. */
@Timeout(60)
class TlsLinkTest {
  private static final StreamTerms TERMS =
      new StreamTerms(Optional.of(Duration.ofSeconds(30)), 64 << 10);
  private static final Duration LIFE = Duration.ofDays(2);
  private static final LinkTimes OFTEN = LinkTimes.defaults().withReload(Duration.ofMillis(20));

  @TempDir static Path folder;
  private static Path keys = Path.of("");
  private static Path others = Path.of("");

  @BeforeAll
  static void makeKeys() {
    keys = keys("keys", Instant.now(), "127.0.0.1");
    others = keys("others", Instant.now(), "127.0.0.1", "decoder.example");
  }

  @Test
  void talksToAServerOfTheGivenCa() throws Exception {
    try (TakingServer server = start(serving(keys))) {
      assertThat(name(server, trusting(keys))).isEqualTo("secure");
    }
  }

  @Test
  void believesNoOtherCa() throws Exception {
    try (TakingServer server = start(serving(keys))) {
      String next = "--tls-ca";
      fails(server, trusting(others), "not of a CA that this device believes", next);
      fails(server, TlsFiles.publicRoots(), "not of a CA that this device believes", next);
    }
  }

  @Test
  void holdsTheServerToItsName() throws Exception {
    try (TakingServer server = start(serving(others))) {
      TlsFiles files = trusting(others);
      assertThat(name(server, files.withName("decoder.example"))).isEqualTo("secure");
      fails(server, files.withName("another.example"), "is for another name", "--tls-name");
    }
    Path elsewhere = keys("elsewhere", Instant.now(), "decoder.example", "127.0.0.9");
    try (TakingServer server = start(serving(elsewhere))) {
      fails(server, trusting(elsewhere), "is for another name", "--tls-name");
    }
  }

  @Test
  void refusesAnExpiredCertificate() throws Exception {
    Path old = keys("old", Instant.now().minus(Duration.ofDays(3)), "127.0.0.1");
    try (TakingServer server = start(serving(old))) {
      fails(server, trusting(old), "certificate has expired", "clock");
    }
  }

  @Test
  void saysWhichSideDoesNotSpeakTls() throws Exception {
    try (TakingServer plain = TakingServer.start("plain")) {
      fails(plain, trusting(keys), "does not speak TLS", "--tls-cert");
    }
    try (TakingServer secure = start(serving(keys));
        GrpcDecoderLink plain = GrpcDecoderLink.to(Connection.to(secure.address()))) {
      assertThatThrownBy(() -> plain.describe(Duration.ofSeconds(10)))
          .hasMessageContaining("whether it wants TLS (--tls-ca)");
    }
  }

  @Test
  void aServerOfAListWithABadCertificateIsPassedOver() throws Exception {
    try (TakingServer bad = start(serving(others));
        TakingServer good = start(serving(keys));
        GrpcDecoderLink link =
            link(bad.address() + "," + good.address(), ClientSecurity.tls(trusting(keys)))) {
      assertThat(link.describe(Duration.ofSeconds(20)).getServerName()).isEqualTo("secure");
      for (int attempt = 0; attempt < 4; attempt++) {
        Open open = TakingServer.open().setSessionLow(2).setAttempt(attempt).build();
        try (DecoderStream stream = link.open(open, TERMS)) {
          assertThat(stream.opened().getServerName()).isEqualTo("secure");
        } catch (CleaveException e) {
          assertThat(e.category()).isEqualTo(Category.RETRY);
          assertThat(e).hasMessageContaining(bad.address());
        }
      }
      assertThat(good.headers()).hasSizeGreaterThanOrEqualTo(3);
      assertThat(bad.headers()).isEmpty();
    }
  }

  @Test
  void refusesTls12() throws Exception {
    try (Identity identity =
        Identity.open(
            keys.resolve("server.pem"), keys.resolve("server-key.pem"), Duration.ofHours(1))) {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {identity.manager()}, null, null);
      try (SSLServerSocket old =
          (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0)) {
        old.setEnabledProtocols(new String[] {"TLSv1.2"});
        Thread.ofVirtual()
            .start(() -> {
              try (var socket = old.accept()) {
                int _ = socket.getInputStream().read();
              } catch (IOException e) {
                // the handshake fails, as it should
              }
            });
        try (GrpcDecoderLink link =
            link("127.0.0.1:" + old.getLocalPort(), ClientSecurity.tls(trusting(keys)))) {
          assertThatThrownBy(() -> link.describe(Duration.ofSeconds(10)))
              .hasMessageContaining("does not speak HTTP/2 over TLS 1.3");
        }
      }
    }
  }

  @Test
  void provesItselfWhereTheServerAsks() throws Exception {
    ServerCredentials mutual =
        credentials(keys)
            .trustManager(keys.resolve("ca.pem").toFile())
            .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
            .build();
    try (TakingServer server = start(mutual)) {
      TlsFiles files = trusting(keys);
      assertThat(name(server, with(files, keys))).isEqualTo("secure");
      fails(server, files, "asks for a certificate of this device", "--tls-cert");
      fails(server, with(files, others), "refuses this device's certificate", "the CA that");
    }
  }

  @Test
  void takesNewFilesAsTheyCome() throws Exception {
    Path ca = folder.resolve("changing-ca.pem");
    Files.copy(others.resolve("ca.pem"), ca);
    try (TakingServer server = start(serving(keys));
        GrpcDecoderLink link =
            GrpcDecoderLink.to(
                Connection.to(server.address())
                    .withSecurity(ClientSecurity.tls(TlsFiles.trusting(ca)))
                    .withTimes(OFTEN))) {
      assertThatThrownBy(() -> open(link)).hasMessageContaining("not of a CA");
      replace(ca, Files.readString(keys.resolve("ca.pem")));
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (true) {
        try {
          assertThat(open(link)).isEqualTo("secure");
          break;
        } catch (CleaveException e) {
          assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(deadline);
        }
      }
    }
  }

  @Test
  void refusesFilesThatCannotBeUsedBeforeAnythingIsSent() throws IOException {
    Path server = keys.resolve("server.pem");
    Path key = keys.resolve("server-key.pem");
    unusable(TlsFiles.trusting(folder.resolve("none.pem")), "none.pem", "cannot be read");
    unusable(TlsFiles.trusting(key), "server-key.pem", "no PEM file of certificates");
    unusable(trusting(keys).withIdentity(server, server), "server.pem", "no private key");
    unusable(
        trusting(keys).withIdentity(server, others.resolve("server-key.pem")),
        "server-key.pem",
        "not the key of the certificate");
    Path large = folder.resolve("large.pem");
    Files.write(large, new byte[(1 << 20) + 1]);
    unusable(TlsFiles.trusting(large), "large.pem", "more than");
    assertThatThrownBy(() ->
            new TlsFiles(Optional.empty(), Optional.of(server), Optional.empty(), Optional.empty()))
        .hasMessageContaining("without its key");
    assertThatThrownBy(() -> ClientSecurity.plaintextToAnywhere().withTls(trusting(keys)))
        .hasMessageContaining("both plaintext and TLS");
  }

  @Test
  void talksTlsToOtherMachinesUnlessTold() throws Exception {
    // A name is another machine, whatever it means.
    String list = "dns:///localhost:";
    try (TakingServer plain = TakingServer.start("plain");
        GrpcDecoderLink link = link(list + plain.port(), ClientSecurity.defaults());
        GrpcDecoderLink told = link(list + plain.port(), ClientSecurity.plaintextToAnywhere())) {
      assertThatThrownBy(() -> open(link)).hasMessageContaining("does not speak TLS");
      assertThat(plain.headers()).isEmpty();
      assertThat(open(told)).isEqualTo("plain");
    }
  }

  @Test
  void readsTheTokenAnewForEachCall() throws Exception {
    Path file = Files.writeString(folder.resolve("token"), "first.token.x\n");
    ClientSecurity security = ClientSecurity.tls(trusting(keys)).withToken(BearerToken.in(file));
    try (TakingServer server = start(serving(keys));
        GrpcDecoderLink link = link(server.address(), security)) {
      link.describe(Duration.ofSeconds(10));
      replace(file, "second.token.y");
      open(link);
      assertThat(server.headers())
          .extracting(it -> it.get(WireHeaders.AUTHORIZATION))
          .containsExactly("Bearer first.token.x", "Bearer second.token.y");
      replace(file, "two words");
      assertThatThrownBy(() -> open(link))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining(file.toString())
          .hasMessageNotContaining("two words");
      Files.delete(file);
      assertThatThrownBy(() -> open(link)).hasMessageContaining("cannot be read");
      assertThat(server.headers()).hasSize(2);
    }
    assertThat(security.toString()).doesNotContain("token.x");
    assertThat(BearerToken.of("secret", "CLEAVE_TOKEN").toString()).doesNotContain("secret");
    assertThatThrownBy(() -> BearerToken.of("x".repeat(6145), "CLEAVE_TOKEN").header())
        .hasMessageContaining("6144");
  }

  private static void unusable(TlsFiles files, String file, String why) {
    assertThatThrownBy(() -> link("127.0.0.1:1", ClientSecurity.tls(files)).close())
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
        .hasMessageContaining(file)
        .hasMessageContaining(why);
  }

  /** Both calls fail for good, and say why and what to do. */
  private static void fails(TakingServer server, TlsFiles files, String why, String next) {
    try (GrpcDecoderLink link = link(server.address(), ClientSecurity.tls(files))) {
      assertThatThrownBy(
              () -> {
                // The server's refusal can be overtaken by the end of the connection.
                for (int tries = 0; tries < 10; tries++) {
                  try {
                    open(link);
                  } catch (CleaveException e) {
                    if (e.category() == Category.FATAL) {
                      throw e;
                    }
                  }
                }
              })
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining(server.address())
          .hasMessageContaining(why)
          .hasMessageContaining(next);
    }
  }

  private static String name(TakingServer server, TlsFiles files) {
    try (GrpcDecoderLink link = link(server.address(), ClientSecurity.tls(files))) {
      return open(link);
    }
  }

  private static String open(GrpcDecoderLink link) {
    try (DecoderStream stream = link.open(TakingServer.open().build(), TERMS)) {
      return stream.opened().getServerName();
    }
  }

  private static GrpcDecoderLink link(String servers, ClientSecurity security) {
    return GrpcDecoderLink.to(Connection.to(servers).withSecurity(security));
  }

  private static TakingServer start(ServerCredentials credentials) throws IOException {
    return TakingServer.start("secure", TakingServer.at("127.0.0.1", 0), credentials);
  }

  private static ServerCredentials serving(Path from) throws IOException {
    return credentials(from).build();
  }

  private static TlsServerCredentials.Builder credentials(Path from) throws IOException {
    return TlsServerCredentials.newBuilder()
        .keyManager(from.resolve("server.pem").toFile(), from.resolve("server-key.pem").toFile());
  }

  private static TlsFiles trusting(Path from) {
    return TlsFiles.trusting(from.resolve("ca.pem"));
  }

  private static TlsFiles with(TlsFiles files, Path from) {
    return files.withIdentity(from.resolve("client.pem"), from.resolve("client-key.pem"));
  }

  private static Path keys(String name, Instant now, String... hosts) {
    Path out = folder.resolve(name);
    DevelopmentCa.create(now).write(new KeyFolder(out), List.of(hosts), LIFE, now).write(false);
    return out;
  }

  private static void replace(Path file, String text) throws IOException {
    Path fresh = Files.writeString(file.resolveSibling("fresh"), text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
