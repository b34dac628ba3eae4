package dev.cleave.server.rpc;

import dev.cleave.server.session.SessionLimits;
import java.time.Duration;

/**
 * How a server listens. Immutable.
 *
 * @param host a loopback address: there is no TLS yet, so the server refuses any other
 * @param port 0 picks a free one
 * @param metricsPort of the side port, always on loopback; 0 picks a free one, -1 is off
 * @param name told to clients
 * @param limits what sessions are held to
 * @param drainTimeout how long {@link DecoderServer#drain()} lets sessions finish
 */
public record ServerConfig(
    String host,
    int port,
    int metricsPort,
    String name,
    SessionLimits limits,
    Duration drainTimeout) {

  /** The metrics port that turns the side port off. */
  public static final int METRICS_OFF = -1;

  private static final int MAX_PORT = 65_535;

  /** Characters of the longest name. */
  public static final int MAX_NAME_LENGTH = 64;

  public ServerConfig {
    requirePort("port", port, 0);
    requirePort("metricsPort", metricsPort, METRICS_OFF);
    if (name.isBlank() || name.length() > MAX_NAME_LENGTH) {
      throw new IllegalArgumentException("name must have 1 to 64 characters, got '" + name + "'");
    }
    if (drainTimeout.isNegative()) {
      throw new IllegalArgumentException("drainTimeout must not be negative: " + drainTimeout);
    }
  }

  /** A server on free loopback ports with the metrics port open, for embedding and for tests. */
  public static ServerConfig onFreePorts(SessionLimits limits) {
    return new ServerConfig("127.0.0.1", 0, 0, "embedded", limits, Duration.ofSeconds(30));
  }

  public ServerConfig withMetricsPort(int newMetricsPort) {
    return new ServerConfig(host, port, newMetricsPort, name, limits, drainTimeout);
  }

  public ServerConfig withDrainTimeout(Duration newDrainTimeout) {
    return new ServerConfig(host, port, metricsPort, name, limits, newDrainTimeout);
  }

  private static void requirePort(String field, int port, int least) {
    if (port < least || port > MAX_PORT) {
      throw new IllegalArgumentException(field + " must be in [" + least + ", 65535], got " + port);
    }
  }
}
