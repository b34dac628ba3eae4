package dev.cleave.server.cli;

import dev.cleave.server.ServerException;
import dev.cleave.server.security.ConnectionLimits;
import dev.cleave.server.security.Security;
import dev.cleave.server.security.ServerTls;
import java.nio.file.Path;
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
      names = "--insecure-plaintext",
      description = "Serve other machines without TLS: whoever is on the way reads all states.")
  private boolean insecurePlaintext;

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      defaultValue = "1024",
      description = "At once, in all (default: ${DEFAULT-VALUE}).")
  private int maxConnections;

  @Option(
      names = "--max-connections-per-address",
      paramLabel = "N",
      defaultValue = "256",
      description = "At once, of one IPv4 address or IPv6 /64 (default: ${DEFAULT-VALUE}).")
  private int maxConnectionsPerAddress;

  Security security() {
    return new Security(
        insecurePlaintext,
        tls(),
        ConnectionLimits.defaults().withNumbers(maxConnections, maxConnectionsPerAddress));
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
