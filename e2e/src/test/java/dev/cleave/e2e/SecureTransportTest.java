package dev.cleave.e2e;

import static dev.cleave.e2e.CommandLineTest.edge;
import static dev.cleave.e2e.CommandLineTest.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.e2e.CommandLineTest.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both halves as their users run them, with all that secures the way between them. */
@Timeout(300)
class SecureTransportTest {

  @Test
  void theAnswerIsTheSameAndNobodyElseGetsOne(@TempDir Path work) throws Exception {
    Path bundle = Bundles.reference(work);
    String note = Bundles.samples().get(1).note();
    Path certs = work.resolve("certs");
    Path tokens = work.resolve("tokens");
    succeeds(edge(work, "", "keys", "tls", "--out", certs.toString()));
    succeeds(edge(work, "", "keys", "token", "--out", tokens.toString(), "--tenant", "clinic"));

    String plain;
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2")) {
      plain = succeeds(edge(work, "", generate(bundle, server, note)));
    }
    String[] secured = {
      "--max-sessions", "2",
      "--host", "0.0.0.0",
      "--tls-cert", certs.resolve("server.pem").toString(),
      "--tls-key", certs.resolve("server-key.pem").toString(),
      "--tls-client-ca", certs.resolve("ca.pem").toString(),
      "--auth-jwks", tokens.resolve("jwks.json").toString(),
      "--auth-issuer", "cleave-dev",
      "--auth-audience", "cleave",
      "--log-level", "trace"
    };
    String[] trusting = {"--tls-ca", certs.resolve("ca.pem").toString()};
    String[] proving =
        with(
            trusting,
            "--tls-cert",
            certs.resolve("client.pem").toString(),
            "--tls-key",
            certs.resolve("client-key.pem").toString());
    Path token = tokens.resolve("clinic.jwt");
    try (ServerProcess server = ServerProcess.start(bundle, secured)) {
      String[] base = generate(bundle, server, note);
      String[] complete = with(proving, "--token", token.toString());
      assertThat(succeeds(edge(work, "", with(base, complete)))).isEqualTo(plain);

      refused(edge(work, "", with(base, proving)), "UNAUTHENTICATED", "--token");
      refused(
          edge(work, "", with(base, with(trusting, "--token", token.toString()))),
          server.address(),
          "");
      refused(edge(work, "", base), server.address(), "whether it wants TLS");
      refusesTls12(server.port());
      // It serves on as if nothing had been.
      assertThat(succeeds(edge(work, "", with(base, complete)))).isEqualTo(plain);
      assertThat(server.log())
          .doesNotContain(Files.readString(token).strip())
          .doesNotContain(Files.readString(token).strip().split("\\.", -1)[1])
          .doesNotContain("PRIVATE KEY");
    }
  }

  private static String[] generate(Path bundle, ServerProcess server, String note) {
    return new String[] {
      "generate", "--bundle", bundle.toString(), "--server", server.address(), "--no-receipt", note
    };
  }

  private static String succeeds(Ended ended) {
    assertThat(ended.status()).as(ended.err()).isZero();
    return ended.out();
  }

  private static void refused(Ended ended, String... reasons) {
    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err().strip().lines()).hasSize(1);
    assertThat(ended.err()).contains(reasons);
  }

  private static void refusesTls12(int port) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Gullible()}, null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertThatThrownBy(socket::startHandshake)
          .isInstanceOfAny(SSLException.class, IOException.class);
    }
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
      socket.setEnabledProtocols(new String[] {"TLSv1.3"});
      socket.startHandshake();
      assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
    }
  }

  /** Believes everything: what is tested is the other side. */
  private static final class Gullible implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {
      // believed
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      // believed
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
