package dev.cleave.edge.link;

/**
 * Where decoder servers are and how this device talks to them. Immutable.
 *
 * @param server where a decoder server listens
 */
public record Connection(ServerAddress server) {
  /** The usual way to {@code host:port}. */
  public static Connection to(String server) {
    return new Connection(ServerAddress.parse(server));
  }
}
