package dev.cleave.bench.chaos.work;

import dev.cleave.edge.channel.BearerToken;
import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.TlsFiles;
import dev.cleave.edge.keys.DevelopmentCa;
import dev.cleave.edge.keys.KeyFolder;
import dev.cleave.edge.keys.TokenIssuer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Keys, certificates, an issuer of tokens and limits of tenants, how both sides are told of them,
 * and tokens that no server should believe. Immutable.
 *
 * @param folder where the files are
 * @param issuer of tokens that the server believes
 */
public record Secured(Path folder, TokenIssuer issuer) {
  /** The tenant whose devices are honest. */
  public static final String TENANT = "clinic";

  /** Another one, that the server serves too. */
  public static final String OTHER_TENANT = "bank";

  private static final String AUDIENCE = "cleave";
  private static final String ISSUER = "cleave-dev";
  private static final Duration LIFE = Duration.ofDays(2);
  private static final Duration LONG_AGO = Duration.ofDays(10);

  /** Far above what a run takes: what is measured is that they are kept. */
  private static final String LIMITS =
      """
      {"clinic": {"weight": 3, "sessions": 64, "kv_positions": 1000000,
                  "requests_per_second": 10000, "burst": 10000, "bytes_per_second": 1000000000},
       "bank": {"sessions": 8}}
      """;

  /** Makes all files in a folder that exists, with limits that nobody reaches. */
  public static Secured in(Path folder) throws IOException {
    return in(folder, LIMITS);
  }

  /**
   * Makes all files in a folder that exists.
   *
   * @param limits of the tenants, as {@code serve --tenants} reads them
   */
  public static Secured in(Path folder, String limits) throws IOException {
    Instant now = Instant.now();
    DevelopmentCa.create(now)
        .write(new KeyFolder(folder), List.of("localhost", "127.0.0.1"), LIFE, now)
        .write(true);
    TokenIssuer issuer = TokenIssuer.create();
    issuer.write(new KeyFolder(folder), claims(TENANT, AUDIENCE, ISSUER), now).write(true);
    Files.writeString(folder.resolve("tenants.json"), limits);
    return new Secured(folder, issuer);
  }

  private static TokenIssuer.Claims claims(String tenant, String audience, String issuer) {
    return new TokenIssuer.Claims(tenant, issuer, audience, LIFE);
  }

  /** Options of {@code serve}: TLS, tokens, limits. */
  public List<String> serverOptions() {
    return List.of(
        "--tls-cert",
        file("server.pem").toString(),
        "--tls-key",
        file("server-key.pem").toString(),
        "--auth-jwks",
        file("jwks.json").toString(),
        "--auth-issuer",
        ISSUER,
        "--auth-audience",
        AUDIENCE,
        "--tenants",
        file("tenants.json").toString());
  }

  /** Options of {@code serve} by which it asks for certificates too. */
  public List<String> clientCaOptions() {
    return List.of("--tls-client-ca", ca().toString());
  }

  /** How a device comes, with everything that may be asked of it. */
  public ClientSecurity client() {
    return bearing(token(TENANT));
  }

  /** How a device with this token comes. */
  public ClientSecurity bearing(String token) {
    return ClientSecurity.tls(files()).withToken(BearerToken.of(token, "a token of this run"));
  }

  /** What a device needs for TLS, and its certificate. */
  public TlsFiles files() {
    return TlsFiles.trusting(ca()).withIdentity(file("client.pem"), file("client-key.pem"));
  }

  /** A token that verifies. */
  public String token(String tenant) {
    return issuer.sign(claims(tenant, AUDIENCE, ISSUER), Instant.now());
  }

  /** Tokens that no server should believe, by what is wrong with them. */
  public Map<String, String> wrongTokens() {
    Instant now = Instant.now();
    String good = token(TENANT);
    String[] parts = good.split("\\.", -1);
    Map<String, String> tokens = new LinkedHashMap<>();
    tokens.put("expired", issuer.sign(claims(TENANT, AUDIENCE, ISSUER), now.minus(LONG_AGO)));
    tokens.put("not yet valid", issuer.sign(claims(TENANT, AUDIENCE, ISSUER), now.plus(LONG_AGO)));
    tokens.put("of another audience", issuer.sign(claims(TENANT, "other", ISSUER), now));
    tokens.put("of another issuer", issuer.sign(claims(TENANT, AUDIENCE, "other"), now));
    tokens.put(
        "signed by a stranger", TokenIssuer.create().sign(claims(TENANT, AUDIENCE, ISSUER), now));
    // The header names the key that the server knows, the signature is another's.
    String forged = TokenIssuer.create().sign(claims(OTHER_TENANT, AUDIENCE, ISSUER), now);
    String[] forgedParts = forged.split("\\.", -1);
    tokens.put("forged", parts[0] + "." + forgedParts[1] + "." + forgedParts[2]);
    tokens.put("with another's claims", parts[0] + "." + forgedParts[1] + "." + parts[2]);
    tokens.put("alg=none", base64("{\"alg\":\"none\"}") + "." + parts[1] + ".");
    tokens.put(
        "alg=none and signed", base64("{\"alg\":\"none\"}") + "." + parts[1] + "." + parts[2]);
    tokens.put("alg=HS256", base64("{\"alg\":\"HS256\"}") + "." + parts[1] + "." + parts[2]);
    tokens.put("cut", good.substring(0, good.length() - 10));
    tokens.put("garbage", "x".repeat(500));
    tokens.put("of a tenant that is not served", token("nobody"));
    return tokens;
  }

  private static String base64(String json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.getBytes(StandardCharsets.UTF_8));
  }

  /** What a client needs to know whom it talks to. */
  public Path ca() {
    return file("ca.pem");
  }

  private Path file(String name) {
    return folder.resolve(name);
  }
}
