package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.crypto.Ed25519Verifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeysCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path folder = Path.of("");

  @ParameterizedTest
  @ValueSource(strings = {"", "tls", "token", "session"})
  void helpHasExamples(String kind) {
    assertThat(kind.isEmpty() ? run("keys", "--help") : run("keys", kind, "--help")).isZero();
    assertThat(out.toString()).contains("Examples:", "cleave keys", "--out");
  }

  @Test
  void makesACaAndACertificateOfEachSide() throws Exception {
    assertThat(tls("--host", "decoder.example,10.0.0.7,::1")).as(err.toString()).isZero();
    X509Certificate ca = certificate("ca.pem");
    X509Certificate server = certificate("server.pem");
    X509Certificate client = certificate("client.pem");
    ca.verify(ca.getPublicKey());
    server.verify(ca.getPublicKey());
    client.verify(ca.getPublicKey());
    assertThat(ca.getBasicConstraints()).isZero();
    assertThat(server.getBasicConstraints()).isEqualTo(-1);
    assertThat(server.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(client.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    assertThat(server.getSubjectAlternativeNames())
        .extracting(it -> (Object) it.get(1))
        .containsExactly("decoder.example", "10.0.0.7", "0:0:0:0:0:0:0:1");
    assertThat(ca.getPublicKey().getAlgorithm()).isEqualTo("EC");
    assertThat(lifeDays(ca)).isEqualTo(365);
    assertThat(lifeDays(server)).isEqualTo(90);
    assertThat(server.getSerialNumber()).isNotEqualTo(client.getSerialNumber());
    for (String key : List.of("ca-key.pem", "server-key.pem", "client-key.pem")) {
      assertThat(Files.readString(folder.resolve(key))).startsWith("-----BEGIN PRIVATE KEY-----");
      assertThat(mode(key)).isEqualTo("rw-------");
    }
    assertThat(mode("ca.pem")).isEqualTo("rw-r--r--");
    assertThat(out.toString().lines()).hasSize(6).doesNotContain("PRIVATE");
  }

  @Test
  void replacesNothingUnlessTold() throws Exception {
    assertThat(tls()).isZero();
    String before = Files.readString(folder.resolve("server.pem"));
    Files.delete(folder.resolve("ca.pem"));
    assertThat(tls()).isEqualTo(2);
    assertThat(err.toString()).contains("is there already", "--force");
    assertThat(folder.resolve("ca.pem")).doesNotExist();
    assertThat(tls("--force")).isZero();
    assertThat(Files.readString(folder.resolve("server.pem"))).isNotEqualTo(before);
  }

  @Test
  void renewsWithTheSameCa() throws Exception {
    assertThat(tls()).isZero();
    X509Certificate ca = certificate("ca.pem");
    X509Certificate before = certificate("server.pem");
    assertThat(tls("--keep-ca", "--days", "365")).as(err.toString()).isZero();
    assertThat(certificate("ca.pem")).isEqualTo(ca);
    X509Certificate renewed = certificate("server.pem");
    renewed.verify(ca.getPublicKey());
    assertThat(renewed).isNotEqualTo(before);
    assertThat(renewed.getNotAfter()).as("no later than the CA's").isEqualTo(ca.getNotAfter());
    assertThat(run("keys", "tls", "--out", folder.resolve("none").toString(), "--keep-ca"))
        .isEqualTo(2);
    assertThat(err.toString()).contains("holds no CA", "without --keep-ca");
  }

  @Test
  void signsATokenForATenant() throws Exception {
    assertThat(token("--tenant", "clinic", "--hours", "2")).as(err.toString()).isZero();
    JWKSet keys = JWKSet.parse(Files.readString(folder.resolve("jwks.json")));
    assertThat(keys.containsNonPublicKeys()).isFalse();
    JWTClaimsSet claims = verified("clinic.jwt", keys);
    assertThat(claims.getStringClaim("tenant")).isEqualTo("clinic");
    assertThat(claims.getIssuer()).isEqualTo("cleave-dev");
    assertThat(claims.getAudience()).containsExactly("cleave");
    assertThat(claims.getExpirationTime())
        .isBetween(Date.from(Instant.now()), Date.from(Instant.now().plus(Duration.ofHours(2))));
    assertThat(mode("issuer-key.json")).isEqualTo("rw-------");
    assertThat(mode("clinic.jwt")).isEqualTo("rw-------");
    assertThat(out.toString()).doesNotContain(Files.readString(folder.resolve("clinic.jwt")));

    assertThat(token("--tenant", "bank", "--keep-key")).as(err.toString()).isZero();
    assertThat(verified("bank.jwt", keys).getStringClaim("tenant")).isEqualTo("bank");
    assertThat(token("--tenant", "bank")).isEqualTo(2);
  }

  @Test
  void makesAKeyOfASession() throws Exception {
    Path file = folder.resolve("session.key");
    assertThat(run("keys", "session", "--out", file.toString())).as(err.toString()).isZero();
    assertThat(Base64.getDecoder().decode(Files.readString(file).strip())).hasSize(32);
    assertThat(mode("session.key")).isEqualTo("rw-------");
    assertThat(run("keys", "session", "--out", file.toString())).isEqualTo(2);
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThat(run("keys")).isEqualTo(2);
    assertThat(tls("--days", "366")).isEqualTo(2);
    assertThat(tls("--host", "two words")).isEqualTo(2);
    assertThat(token("--hours", "0")).isEqualTo(2);
    assertThat(token("--tenant", "../escape")).isEqualTo(2);
    assertThat(err.toString()).contains("no kind of key", "366", "two words", "0", "../escape");
    assertThat(folder).isEmptyDirectory();
  }

  private JWTClaimsSet verified(String file, JWKSet keys) throws Exception {
    SignedJWT token = SignedJWT.parse(Files.readString(folder.resolve(file)).strip());
    var key = keys.getKeyByKeyId(token.getHeader().getKeyID()).toOctetKeyPair();
    assertThat(token.verify(new Ed25519Verifier(key))).isTrue();
    return token.getJWTClaimsSet();
  }

  private X509Certificate certificate(String name) throws Exception {
    byte[] pem = Files.readAllBytes(folder.resolve(name));
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
  }

  private static long lifeDays(X509Certificate certificate) {
    return Duration.between(
            certificate.getNotBefore().toInstant(), certificate.getNotAfter().toInstant())
        .toDays();
  }

  private String mode(String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name)));
  }

  private int tls(String... more) {
    return run(with("tls", more));
  }

  private int token(String... more) {
    return run(with("token", more));
  }

  private String[] with(String kind, String... more) {
    return java.util.stream.Stream.concat(
            List.of("keys", kind, "--out", folder.toString()).stream(), List.of(more).stream())
        .toArray(String[]::new);
  }

  private int run(String... arguments) {
    return Main.run(arguments, new PrintWriter(out), new PrintWriter(err));
  }
}
