package dev.cleave.bench.chaos.work;

import dev.cleave.edge.channel.BearerToken;
import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.TlsFiles;
import dev.cleave.edge.keys.DevelopmentCa;
import dev.cleave.edge.keys.KeyFolder;
import dev.cleave.edge.keys.TokenIssuer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Keys, certificates, an issuer of tokens and limits of tenants, and how both sides are told of
 * them. Immutable.
 *
 * @param folder where the files are
 * @param issuer of tokens that the server believes
 */
public record Secured(Path folder, TokenIssuer issuer) {
  /** Whom tokens are for, and who issues them. */
  private static final String AUDIENCE = "cleave";

  private static final String ISSUER = "cleave-dev";
  private static final String TENANT = "clinic";
  private static final Duration LIFE = Duration.ofDays(2);

  /** Far above what a run takes: what is measured is that they are kept. */
  private static final String LIMITS =
      """
      {"clinic": {"weight": 3, "sessions": 64, "kv_positions": 1000000,
                  "requests_per_second": 10000, "burst": 10000, "bytes_per_second": 1000000000}}
      """;

  /** Makes all files in a folder that exists. */
  public static Secured in(Path folder) throws IOException {
    Instant now = Instant.now();
    DevelopmentCa.create(now)
        .write(new KeyFolder(folder), List.of("localhost", "127.0.0.1"), LIFE, now)
        .write(true);
    TokenIssuer issuer = TokenIssuer.create();
    issuer.write(new KeyFolder(folder), claims(), now).write(true);
    Files.writeString(folder.resolve("tenants.json"), LIMITS);
    return new Secured(folder, issuer);
  }

  private static TokenIssuer.Claims claims() {
    return new TokenIssuer.Claims(TENANT, ISSUER, AUDIENCE, LIFE);
  }

  /** Options of {@code serve}: TLS, tokens, limits. */
  public List<String> serverOptions() {
    return List.of(
        "--tls-cert", file("server.pem").toString(),
        "--tls-key", file("server-key.pem").toString(),
        "--auth-jwks", file("jwks.json").toString(),
        "--auth-issuer", ISSUER,
        "--auth-audience", AUDIENCE,
        "--tenants", file("tenants.json").toString());
  }

  /** How a device of the tenant comes. */
  public ClientSecurity client() {
    return ClientSecurity.tls(TlsFiles.trusting(file("ca.pem")))
        .withToken(BearerToken.in(file(TENANT + ".jwt")));
  }

  private Path file(String name) {
    return folder.resolve(name);
  }
}
