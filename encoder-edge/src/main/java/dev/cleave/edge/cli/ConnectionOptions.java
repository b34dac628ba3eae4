package dev.cleave.edge.cli;

import dev.cleave.edge.link.Connection;
import dev.cleave.edge.link.ServerAddress;
import picocli.CommandLine.Option;

/** Where the servers are, wherever a command talks to them. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ConnectionOptions {
  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      converter = Converters.Servers.class,
      defaultValue = ServerAddress.DEFAULT,
      description = "The decoder server, on this machine (default: ${DEFAULT-VALUE}).")
  ServerAddress server;

  Connection connection() {
    return new Connection(server);
  }
}
