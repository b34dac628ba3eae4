package dev.cleave.edge;

import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.link.ServerAddress;
import java.util.Objects;

/**
 * How a client runs. Immutable.
 *
 * @param server where the decoder server listens
 * @param threads threads of the encoder where it runs on the CPU, at least 1
 * @param engine what computes the device half
 */
public record ClientOptions(ServerAddress server, int threads, EngineChoice engine) {
  public ClientOptions {
    Objects.requireNonNull(engine, "engine");
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads must be from 1 to 1024, got " + threads);
    }
  }

  /** The usual number of threads, and the server at {@code host:port}. */
  public static ClientOptions of(String server) {
    return new ClientOptions(
        ServerAddress.parse(server), OrtEncoder.defaultThreads(), EngineChoice.AUTO);
  }

  /** This with another number of threads. */
  public ClientOptions withThreads(int threads) {
    return new ClientOptions(server, threads, engine);
  }

  /** This with another engine. */
  public ClientOptions withEngine(EngineChoice engine) {
    return new ClientOptions(server, threads, engine);
  }
}
