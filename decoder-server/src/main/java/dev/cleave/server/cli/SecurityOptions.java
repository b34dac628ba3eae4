package dev.cleave.server.cli;

import dev.cleave.server.ServerException;
import dev.cleave.server.security.ConnectionLimits;
import dev.cleave.server.security.Security;
import dev.cleave.server.security.ServerTls;
import dev.cleave.server.security.TokenPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the server proves itself, and what it asks of who connects. */
final class SecurityOptions {

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = "Serve TLS 1.3 with this certificate, PEM; new files are taken as they come.")
  private @Nullable Path certificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key, PEM in PKCS #8.")
  private @Nullable Path key;

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      description = "Ask all who connect for a certificate of the CAs in this PEM file.")
  private @Nullable Path clientCa;

  @Option(
      names = "--auth-jwks",
      paramLabel = "FILE|URL",
      description = {
        "Ask all calls but health checks for a JSON Web Token (EdDSA, ES256, RS256) signed by a key of",
        "this JSON Web Key Set; a file is watched, a page is fetched by https."
      })
  private @Nullable String jwks;

  @Option(
      names = "--auth-issuer",
      paramLabel = "NAME",
      description = "Who must have issued a token.")
  private @Nullable String issuer;

  @Option(names = "--auth-audience", paramLabel = "NAME", description = "Whom a token must be for.")
  private @Nullable String audience;

  @Option(
      names = "--auth-tenant-claim",
      paramLabel = "NAME",
      defaultValue = "tenant",
      description = "The claim that names the tenant (default: ${DEFAULT-VALUE}).")
  private String tenantClaim = "tenant";

  @Option(
      names = "--auth-clock-skew",
      paramLabel = "SECONDS",
      converter = Converters.TimeOrNone.class,
      defaultValue = "60",
      description = "How far clocks may differ (default: ${DEFAULT-VALUE}).")
  private Duration clockSkew = Duration.ZERO;

  @Option(
      names = "--insecure-plaintext",
      description = "Serve other machines without TLS: whoever is on the way reads all states.")
  private boolean insecurePlaintext;

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      converter = Converters.Count.class,
      defaultValue = "1024",
      description = "At once, in all (default: ${DEFAULT-VALUE}).")
  private int maxConnections;

  @Option(
      names = "--max-connections-per-address",
      paramLabel = "N",
      converter = Converters.Count.class,
      defaultValue = "256",
      description = "At once, of one IPv4 address or IPv6 /64 (default: ${DEFAULT-VALUE}).")
  private int maxConnectionsPerAddress;

  Security security() {
    return new Security(
        insecurePlaintext,
        tls(),
        tokens(),
        ConnectionLimits.defaults().withNumbers(maxConnections, maxConnectionsPerAddress));
  }

  private Optional<TokenPolicy> tokens() {
    if (jwks == null) {
      if (issuer != null || audience != null) {
        throw new ServerException(
            "check tokens", "no --auth-jwks", "say where the issuer's public keys are", null);
      }
      return Optional.empty();
    }
    return Optional.of(
        new TokenPolicy(
            TokenPolicy.Keys.parse(jwks),
            issuer == null ? "" : issuer,
            audience == null ? "" : audience,
            tenantClaim,
            clockSkew));
  }

  private Optional<ServerTls> tls() {
    if (certificate == null && key == null && clientCa == null) {
      return Optional.empty();
    }
    if (certificate == null || key == null) {
      throw new ServerException(
          "serve TLS",
          certificate == null ? "no --tls-cert" : "no --tls-key",
          "a certificate and its key are both needed: `cleave keys tls` makes them",
          null);
    }
    ServerTls tls = ServerTls.of(certificate, key);
    return Optional.of(clientCa == null ? tls : tls.withClientCa(clientCa));
  }
}
