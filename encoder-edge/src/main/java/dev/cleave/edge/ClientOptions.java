package dev.cleave.edge;

import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.link.ServerAddress;

/**
 * How a client runs. Immutable.
 *
 * @param server where the decoder server listens
 * @param threads threads of the encoder, at least 1
 */
public record ClientOptions(ServerAddress server, int threads) {
  public ClientOptions {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads must be from 1 to 1024, got " + threads);
    }
  }

  /** The usual number of threads, and the server at {@code host:port}. */
  public static ClientOptions of(String server) {
    return new ClientOptions(ServerAddress.parse(server), OrtEncoder.defaultThreads());
  }

  /** This with another number of threads. */
  public ClientOptions withThreads(int threads) {
    return new ClientOptions(server, threads);
  }
}
