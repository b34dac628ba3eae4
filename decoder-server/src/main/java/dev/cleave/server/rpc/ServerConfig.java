package dev.cleave.server.rpc;

import dev.cleave.server.entrance.QueueLimits;
import dev.cleave.server.security.Security;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.server.tenant.TenantPolicy;
import java.util.Objects;

/**
 * How a server runs. Immutable.
 *
 * @param listen where it listens
 * @param name told to clients
 * @param limits what sessions are held to
 * @param sharing among whom, and how
 * @param times how long it waits for what
 */
public record ServerConfig(
    Listen listen, String name, SessionLimits limits, Sharing sharing, TimeLimits times) {

  private static final int MAX_PORT = 65_535;

  /** Characters of the longest name. */
  public static final int MAX_NAME_LENGTH = 64;

  /**
   * Where a server listens. Immutable.
   *
   * @param host an address of this machine
   * @param port 0 picks a free one
   * @param monitoring how it is watched
   * @param security how it proves itself, and what it asks of who connects
   */
  public record Listen(String host, int port, Monitoring monitoring, Security security) {
    public Listen {
      if (port < 0 || port > MAX_PORT) {
        throw new IllegalArgumentException("port must be in [0, 65535], got " + port);
      }
      Objects.requireNonNull(monitoring, "monitoring");
      Objects.requireNonNull(security, "security");
    }

    /** Free ports of this machine, the metrics port among them. */
    public static Listen onFreePorts() {
      return new Listen("127.0.0.1", 0, Monitoring.onFreePort(), Security.loopback());
    }
  }

  /**
   * How a server is shared by those who want it. Immutable, but for a file of tenants that changes.
   *
   * @param tenants what each tenant is held to
   * @param queue how many may wait
   */
  public record Sharing(TenantPolicy tenants, QueueLimits queue) {
    public Sharing {
      Objects.requireNonNull(tenants, "tenants");
      Objects.requireNonNull(queue, "queue");
    }

    /** By whoever calls, none of whom is limited. */
    public static Sharing unlimited() {
      return new Sharing(TenantPolicy.unlimited(), QueueLimits.defaults());
    }
  }

  public ServerConfig {
    if (name.isBlank() || name.length() > MAX_NAME_LENGTH) {
      throw new IllegalArgumentException("name must have 1 to 64 characters, got '" + name + "'");
    }
    Objects.requireNonNull(times, "times");
  }

  /** A server on free loopback ports with the metrics port open, for embedding and for tests. */
  public static ServerConfig onFreePorts(SessionLimits limits) {
    return new ServerConfig(
        Listen.onFreePorts(), "embedded", limits, Sharing.unlimited(), TimeLimits.DEFAULT);
  }

  /** This listening elsewhere. */
  public ServerConfig withListen(Listen newListen) {
    return new ServerConfig(newListen, name, limits, sharing, times);
  }

  /** This with another name. */
  public ServerConfig withName(String newName) {
    return new ServerConfig(listen, newName, limits, sharing, times);
  }

  /** This with other limits for tenants. */
  public ServerConfig withTenants(TenantPolicy newTenants) {
    return withSharing(new Sharing(newTenants, sharing.queue()));
  }

  /** This shared otherwise. */
  public ServerConfig withSharing(Sharing newSharing) {
    return new ServerConfig(listen, name, limits, newSharing, times);
  }

  /** This with other times. */
  public ServerConfig withTimes(TimeLimits newTimes) {
    return new ServerConfig(listen, name, limits, sharing, newTimes);
  }
}
