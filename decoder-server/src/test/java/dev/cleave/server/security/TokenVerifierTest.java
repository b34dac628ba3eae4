package dev.cleave.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Named.named;

import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWEHeader;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.DirectEncrypter;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.Ed25519Signer;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.OctetKeyPairGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.EncryptedJWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import dev.cleave.server.ServerException;
import dev.cleave.server.tenant.Caller;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TokenVerifierTest {
  private static final String ISSUER = "https://issuer.example";
  private static final String AUDIENCE = "cleave";
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  @TempDir static Path folder;

  private static OctetKeyPair ed25519;
  private static ECKey p256;
  private static RSAKey rsa;
  private static OctetKeyPair stranger;
  private static Path jwks = Path.of("");

  /** Time stands still unless told otherwise. */
  private static final class Watch extends Clock {
    private Instant now = NOW;

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  private final Watch watch = new Watch();

  @BeforeAll
  static void makeKeys() throws Exception {
    ed25519 = new OctetKeyPairGenerator(Curve.Ed25519).keyID("ed").generate();
    p256 = new ECKeyGenerator(Curve.P_256).keyID("ec").generate();
    rsa = new RSAKeyGenerator(2048).keyID("rsa").generate();
    stranger = new OctetKeyPairGenerator(Curve.Ed25519).keyID("ed").generate();
    jwks = write("jwks.json", ed25519, p256, rsa);
  }

  @Test
  void takesTheThreeWaysOfSigning() throws Exception {
    try (TokenVerifier verifier = verifier()) {
      for (String token :
          List.of(
              token(claims().build()),
              sign(JWSAlgorithm.Ed25519, "ed", new Ed25519Signer(ed25519), claims().build()),
              sign(JWSAlgorithm.ES256, "ec", new ECDSASigner(p256), claims().build()),
              sign(JWSAlgorithm.RS256, "rsa", new RSASSASigner(rsa), claims().build()),
              sign(JWSAlgorithm.EdDSA, null, new Ed25519Signer(ed25519), claims().build()))) {
        assertThat(verifier.caller("Bearer " + token).tenant()).isEqualTo(new Tenant("clinic"));
        assertThat(verifier.caller("bearer  " + token).tenant()).isEqualTo(new Tenant("clinic"));
      }
    }
  }

  static List<Named<String>> bad() throws Exception {
    byte[] publicKey = ed25519.getX().decode();
    JWTClaimsSet good = claims().build();
    String valid = token(good);
    String[] parts = valid.split("\\.", -1);
    EncryptedJWT encrypted =
        new EncryptedJWT(new JWEHeader(JWEAlgorithm.DIR, EncryptionMethod.A256GCM), good);
    encrypted.encrypt(new DirectEncrypter(new byte[32]));
    JWSObject nested =
        new JWSObject(
            new JWSHeader.Builder(JWSAlgorithm.EdDSA).keyID("ed").contentType("JWT").build(),
            new Payload(SignedJWT.parse(valid)));
    nested.sign(new Ed25519Signer(ed25519));
    JWSObject noJson =
        new JWSObject(
            new JWSHeader.Builder(JWSAlgorithm.EdDSA).keyID("ed").build(), new Payload("text"));
    noJson.sign(new Ed25519Signer(ed25519));
    SignedJWT otherType =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.EdDSA)
                .keyID("ed")
                .type(new JOSEObjectType("dpop+jwt"))
                .build(),
            good);
    otherType.sign(new Ed25519Signer(ed25519));
    String embedded =
        sign(
            new JWSHeader.Builder(JWSAlgorithm.EdDSA).jwk(stranger.toPublicJWK()).build(),
            new Ed25519Signer(stranger),
            good);
    return List.of(
        named("alg none", new PlainJWT(good).serialize()),
        named("alg none in a signed form", header("{\"alg\":\"none\"}") + "." + parts[1] + "."),
        named(
            "HS256 with the public key as secret",
            sign(JWSAlgorithm.HS256, "ed", new MACSigner(publicKey), good)),
        named(
            "HS256 of the key set",
            sign(
                JWSAlgorithm.HS256,
                null,
                new MACSigner(new JWKSet(ed25519).toString().getBytes(StandardCharsets.UTF_8)),
                good)),
        named("RS512", sign(JWSAlgorithm.RS512, "rsa", new RSASSASigner(rsa), good)),
        named("forged", sign(JWSAlgorithm.EdDSA, "ed", new Ed25519Signer(stranger), good)),
        named("unknown kid", sign(JWSAlgorithm.EdDSA, "xx", new Ed25519Signer(ed25519), good)),
        named("a key of its own", embedded),
        named("signature of another", parts[0] + "." + parts[1] + "." + "A".repeat(86)),
        named("no signature", parts[0] + "." + parts[1] + "."),
        named(
            "claims exchanged",
            parts[0]
                + "."
                + header(claims().claim("tenant", "bank").build().toString())
                + "."
                + parts[2]),
        named("no exp", token(claims().expirationTime(null).build())),
        named("expired", token(claims().expirationTime(at(-61)).build())),
        named("nbf in the future", token(claims().notBeforeTime(at(61)).build())),
        named("no audience", token(claims().audience((String) null).build())),
        named("another audience", token(claims().audience("other").build())),
        named("no issuer", token(claims().issuer(null).build())),
        named("another issuer", token(claims().issuer("https://evil.example").build())),
        named("no tenant", token(claims().claim("tenant", null).build())),
        named("a tenant that is no name", token(claims().claim("tenant", "../x").build())),
        named("a tenant of 65", token(claims().claim("tenant", "x".repeat(65)).build())),
        named("a tenant that is a list", token(claims().claim("tenant", List.of("a")).build())),
        named("encrypted", encrypted.serialize()),
        named("nested", nested.serialize()),
        named("no claims", noJson.serialize()),
        named("of another type", otherType.serialize()),
        named("huge", token(claims().claim("more", "x".repeat(7000)).build())),
        named("deep", header("[".repeat(4000)) + "." + parts[1] + "." + parts[2]),
        named("empty", ""),
        named("no token", "not-a-token"),
        named("dots", "..."),
        named("two of them", valid + " " + valid));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void refusesEveryOther(String token) throws Exception {
    try (TokenVerifier verifier = verifier()) {
      assertThatThrownBy(() -> verifier.caller("Bearer " + token))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(WireStatus.read(e).is(WireReason.UNAUTHENTICATED)).isTrue();
                for (String part : token.split("[. ]", -1)) {
                  if (part.length() > 3) {
                    assertThat(String.valueOf(e.getMessage())).doesNotContain(part);
                  }
                }
                assertThat(String.valueOf(e.getMessage()))
                    .doesNotContain("evil.example", "other\"", "../x");
              });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Basic dXNlcg==", "Bearer", "Bearer "})
  void refusesOtherHeaders(String header) throws Exception {
    try (TokenVerifier verifier = verifier()) {
      assertThatThrownBy(() -> verifier.caller(header)).hasMessageContaining("UNAUTHENTICATED");
      assertThatThrownBy(() -> verifier.caller(null)).hasMessageContaining("there is none");
    }
  }

  @Test
  void allowsForClocksThatDiffer() throws Exception {
    try (TokenVerifier verifier = verifier()) {
      verifier.caller("Bearer " + token(claims().expirationTime(at(-59)).build()));
      verifier.caller("Bearer " + token(claims().notBeforeTime(at(59)).build()));
    }
  }

  @Test
  void whatWasVerifiedOnceExpiresAllTheSame() throws Exception {
    try (TokenVerifier verifier = verifier()) {
      String header = "Bearer " + token(claims().expirationTime(at(30)).build());
      Caller caller = new Caller(new Tenant("clinic"), NOW.plusSeconds(90));
      assertThat(verifier.caller(header)).isEqualTo(caller);
      watch.now = NOW.plusSeconds(89);
      assertThat(verifier.caller(header)).isEqualTo(caller);
      watch.now = NOW.plusSeconds(90);
      assertThatThrownBy(() -> verifier.caller(header)).hasMessageContaining("has expired");
    }
  }

  @Test
  void takesANewKeySetAsItComesAndKeepsTheOldForABrokenOne() throws Exception {
    Path file = write("changing.json", ed25519);
    TokenPolicy.Keys keys = new TokenPolicy.Keys.InFile(file, Duration.ofMillis(20));
    String ofOld = "Bearer " + token(claims().build());
    String ofNew =
        "Bearer " + sign(JWSAlgorithm.ES256, "ec", new ECDSASigner(p256), claims().build());
    try (TokenVerifier verifier = TokenVerifier.open(policy(keys), watch)) {
      verifier.caller(ofOld);
      assertThatThrownBy(() -> verifier.caller(ofNew)).hasMessageContaining("does not know");
      replace(file, "{\"keys\": [");
      // The order of the two is certain: one file after the other.
      replace(file, new JWKSet(p256.toPublicJWK()).toString());
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!accepts(verifier, ofNew)) {
        assertThat(System.nanoTime()).as("the new keys are not seen").isLessThan(deadline);
      }
      assertThat(accepts(verifier, ofOld)).as("a key that was withdrawn").isFalse();
      replace(file, "{\"keys\": [");
      for (int i = 0; i < 5; i++) {
        assertThat(accepts(verifier, ofNew)).isTrue();
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
  }

  @Test
  void refusesKeySetsThatAreNone() throws Exception {
    unusable(folder.resolve("none.json"), "cannot be read");
    unusable(Files.writeString(folder.resolve("text.json"), "text"), "no JSON Web Key Set");
    unusable(Files.writeString(folder.resolve("empty.json"), "{\"keys\":[]}"), "no key of Ed25519");
    Path secret =
        Files.writeString(folder.resolve("private.json"), new JWKSet(ed25519).toString(false));
    unusable(secret, "private or symmetric key");
    unusable(Files.write(folder.resolve("large.json"), new byte[(256 << 10) + 1]), "256 KiB");
  }

  @Test
  void fetchesAPageOnceForManyTokens() throws Exception {
    AtomicInteger fetched = new AtomicInteger();
    byte[] page = Files.readAllBytes(jwks);
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    http.createContext(
        "/jwks.json",
        exchange -> {
          fetched.incrementAndGet();
          exchange.sendResponseHeaders(200, page.length);
          try (exchange) {
            exchange.getResponseBody().write(page);
          }
        });
    http.start();
    try {
      String url = "http://127.0.0.1:" + http.getAddress().getPort();
      TokenPolicy policy = policy(TokenPolicy.Keys.parse(url + "/jwks.json"));
      try (TokenVerifier verifier = TokenVerifier.open(policy, watch)) {
        for (int i = 0; i < 50; i++) {
          verifier.caller("Bearer " + token(claims().jwtID("id" + i).build()));
          String unknown =
              sign(JWSAlgorithm.EdDSA, "x" + i, new Ed25519Signer(stranger), claims().build());
          assertThatThrownBy(() -> verifier.caller("Bearer " + unknown))
              .isInstanceOf(StatusRuntimeException.class);
        }
      }
      assertThat(fetched).hasValueLessThanOrEqualTo(3);
      assertThatThrownBy(
              () -> TokenVerifier.open(policy(TokenPolicy.Keys.parse(url + "/none")), watch))
          .isInstanceOf(ServerException.class)
          .hasMessageContaining("cannot be fetched");
    } finally {
      http.stop(0);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://issuer.example/jwks.json",
        "http://localhost.example/jwks.json",
        "HTTP://10.0.0.1/jwks.json",
        "https:///jwks.json",
        "http://127.0.0.1 .example/"
      })
  void refusesKeysInTheClear(String url) {
    assertThatThrownBy(() -> TokenPolicy.Keys.parse(url)).isInstanceOf(ServerException.class);
  }

  private boolean accepts(TokenVerifier verifier, String header) {
    try {
      verifier.caller(header);
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  private void unusable(Path file, String why) {
    assertThatThrownBy(() -> TokenVerifier.open(policy(TokenPolicy.Keys.parse(file + "")), watch))
        .isInstanceOf(ServerException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(why);
  }

  private TokenVerifier verifier() {
    return TokenVerifier.open(policy(TokenPolicy.Keys.parse(jwks.toString())), watch);
  }

  private static TokenPolicy policy(TokenPolicy.Keys keys) {
    return new TokenPolicy(keys, ISSUER, AUDIENCE, "tenant", Duration.ofSeconds(60));
  }

  private static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .claim("tenant", "clinic")
        .expirationTime(at(3600));
  }

  private static Date at(long seconds) {
    return Date.from(NOW.plusSeconds(seconds));
  }

  private static String token(JWTClaimsSet claims) throws Exception {
    return sign(JWSAlgorithm.EdDSA, "ed", new Ed25519Signer(ed25519), claims);
  }

  private static String sign(
      JWSAlgorithm algorithm, @Nullable String kid, JWSSigner signer, JWTClaimsSet claims)
      throws Exception {
    return sign(new JWSHeader.Builder(algorithm).keyID(kid).build(), signer, claims);
  }

  private static String sign(JWSHeader header, JWSSigner signer, JWTClaimsSet claims)
      throws Exception {
    SignedJWT token = new SignedJWT(header, claims);
    token.sign(signer);
    return token.serialize();
  }

  private static String header(String json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.getBytes(StandardCharsets.UTF_8));
  }

  private static Path write(String name, JWK... keys) throws IOException {
    return Files.writeString(
        folder.resolve(name), new JWKSet(List.of(keys)).toPublicJWKSet().toString());
  }

  private static void replace(Path file, String text) throws IOException {
    Path fresh = Files.writeString(file.resolveSibling("fresh.json"), text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
