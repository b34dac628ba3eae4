package dev.cleave.edge.cli;

import dev.cleave.edge.channel.BearerToken;
import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.LinkTimes;
import dev.cleave.edge.channel.ServerAddress;
import dev.cleave.edge.channel.Servers;
import dev.cleave.edge.channel.TlsFiles;
import dev.cleave.edge.link.Connection;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the servers are and what secures the way, wherever a command talks to them. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ConnectionOptions {
  private static final String TOKEN_VARIABLE = "CLEAVE_TOKEN";

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT[,...]",
      converter = Converters.ServerList.class,
      defaultValue = ServerAddress.DEFAULT,
      description = {
        "The decoder servers: host:port, several of them with commas between, dns:///name:port for all",
        "addresses of a name, or xds:///name for what the control plane of GRPC_XDS_BOOTSTRAP says",
        "(default: ${DEFAULT-VALUE})."
      })
  Servers servers;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description = {
        "Talk TLS, and believe the CAs in this PEM file (default: plaintext to this machine, TLS and",
        "the JDK's public roots elsewhere)."
      })
  @Nullable Path tlsCa;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = "This device's certificate, PEM, for servers that ask for one.")
  @Nullable Path tlsCertificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key, PEM in PKCS #8.")
  @Nullable Path tlsKey;

  @Option(
      names = "--tls-name",
      paramLabel = "NAME",
      description = "What the server's certificate must be for (default: the host of --server).")
  @Nullable String tlsName;

  @Option(
      names = "--token",
      paramLabel = "FILE",
      description = {
        "A token to call with; read for each call, so that it can be renewed (default: what is in the",
        "environment's CLEAVE_TOKEN, if anything)."
      })
  @Nullable Path token;

  @Option(
      names = "--insecure-plaintext",
      description = "Talk to other machines without TLS: whoever is on the way reads all states.")
  boolean insecurePlaintext;

  Connection connection() {
    boolean asksForTls =
        tlsCa != null || tlsCertificate != null || tlsKey != null || tlsName != null;
    Optional<TlsFiles> tls =
        asksForTls
            ? Optional.of(
                new TlsFiles(
                    Optional.ofNullable(tlsCa),
                    Optional.ofNullable(tlsCertificate),
                    Optional.ofNullable(tlsKey),
                    Optional.ofNullable(tlsName)))
            : Optional.empty();
    return new Connection(
        servers, new ClientSecurity(insecurePlaintext, tls, token()), LinkTimes.defaults());
  }

  private Optional<BearerToken> token() {
    if (token != null) {
      return Optional.of(BearerToken.in(token));
    }
    return Optional.ofNullable(System.getenv(TOKEN_VARIABLE))
        .filter(it -> !it.isBlank())
        .map(it -> BearerToken.of(it, TOKEN_VARIABLE));
  }
}
