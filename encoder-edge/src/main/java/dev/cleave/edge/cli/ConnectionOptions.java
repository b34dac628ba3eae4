package dev.cleave.edge.cli;

import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.LinkTimes;
import dev.cleave.edge.channel.ServerAddress;
import dev.cleave.edge.channel.Servers;
import dev.cleave.edge.link.Connection;
import picocli.CommandLine.Option;

/** Where the servers are, wherever a command talks to them. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ConnectionOptions {
  @Option(
      names = "--server",
      paramLabel = "HOST:PORT[,...]",
      converter = Converters.ServerList.class,
      defaultValue = ServerAddress.DEFAULT,
      description = {
        "The decoder servers: host:port, several of them with commas between, or dns:///name:port for",
        "all addresses of a name (default: ${DEFAULT-VALUE})."
      })
  Servers servers;

  @Option(
      names = "--insecure-plaintext",
      description = "Talk to other machines without TLS: whoever is on the way reads all states.")
  boolean insecurePlaintext;

  Connection connection() {
    return new Connection(servers, new ClientSecurity(insecurePlaintext), LinkTimes.defaults());
  }
}
