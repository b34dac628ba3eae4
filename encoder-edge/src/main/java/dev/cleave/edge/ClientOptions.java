package dev.cleave.edge;

import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.link.Connection;
import dev.cleave.edge.replay.Recovery;
import dev.cleave.split.signing.Trust;
import java.util.Objects;

/**
 * How a client runs. Immutable.
 *
 * @param connection where the decoder servers are and how to talk to them
 * @param threads threads of the encoder where it runs on the CPU, at least 1
 * @param engine what computes the device half
 * @param recovery what to do when a server is lost
 * @param trust whose bundles are opened
 */
public record ClientOptions(
    Connection connection, int threads, EngineChoice engine, Recovery recovery, Trust trust) {
  public ClientOptions {
    Objects.requireNonNull(connection, "connection");
    Objects.requireNonNull(engine, "engine");
    Objects.requireNonNull(recovery, "recovery");
    Objects.requireNonNull(trust, "trust");
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads must be from 1 to 1024, got " + threads);
    }
  }

  /** The usual choices, and the server at {@code host:port}. */
  public static ClientOptions of(String server) {
    return of(Connection.to(server));
  }

  /** The usual choices over this connection. */
  public static ClientOptions of(Connection connection) {
    return new ClientOptions(
        connection,
        OrtEncoder.defaultThreads(),
        EngineChoice.AUTO,
        Recovery.defaults(),
        Trust.inAnyone());
  }

  /** This with another number of threads. */
  public ClientOptions withThreads(int threads) {
    return new ClientOptions(connection, threads, engine, recovery, trust);
  }

  /** This with another engine. */
  public ClientOptions withEngine(EngineChoice engine) {
    return new ClientOptions(connection, threads, engine, recovery, trust);
  }

  /** This with another way of going on when a server is lost. */
  public ClientOptions withRecovery(Recovery recovery) {
    return new ClientOptions(connection, threads, engine, recovery, trust);
  }

  /** This opening bundles of these signers alone. */
  public ClientOptions withTrust(Trust trust) {
    return new ClientOptions(connection, threads, engine, recovery, trust);
  }
}
