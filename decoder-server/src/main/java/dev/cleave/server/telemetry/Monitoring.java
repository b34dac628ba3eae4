package dev.cleave.server.telemetry;

import java.util.Objects;
import java.util.Optional;

/**
 * How a server is watched. Immutable.
 *
 * @param host an address of this machine, for the side port
 * @param port of the side port; 0 picks a free one, -1 is off
 * @param collector where spans and metrics go besides; empty for nowhere
 */
public record Monitoring(String host, int port, Optional<Collector> collector) {

  /** The port that turns the side port off. */
  public static final int OFF = -1;

  private static final int MAX_PORT = 65_535;

  public Monitoring {
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(collector, "collector");
    if (port < OFF || port > MAX_PORT) {
      throw new IllegalArgumentException(
          "the metrics port must be in [" + OFF + ", " + MAX_PORT + "], got " + port);
    }
  }

  /** A free port of this machine, nothing else. */
  public static Monitoring onFreePort() {
    return new Monitoring("127.0.0.1", 0, Optional.empty());
  }

  /** No side port, no collector. */
  public static Monitoring off() {
    return new Monitoring("127.0.0.1", OFF, Optional.empty());
  }

  /** This with a collector. */
  public Monitoring withCollector(Collector to) {
    return new Monitoring(host, port, Optional.of(to));
  }
}
