package dev.cleave.edge.link;

import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.LinkTimes;
import dev.cleave.edge.channel.Servers;
import java.util.Objects;

/**
 * Where decoder servers are and how this device talks to them. Immutable.
 *
 * @param servers where they are
 * @param security what secures the way to them
 * @param times how long a silent network is waited for
 */
public record Connection(Servers servers, ClientSecurity security, LinkTimes times) {
  public Connection {
    Objects.requireNonNull(servers, "servers");
    Objects.requireNonNull(security, "security");
    Objects.requireNonNull(times, "times");
  }

  /**
   * The usual way to these servers: {@code host:port}, or several of them with commas between. In
   * plaintext where all are on this machine, by TLS elsewhere.
   */
  public static Connection to(String servers) {
    return new Connection(Servers.parse(servers), ClientSecurity.defaults(), LinkTimes.defaults());
  }

  /** This secured in another way. */
  public Connection withSecurity(ClientSecurity newSecurity) {
    return new Connection(servers, newSecurity, times);
  }

  /** This with other time limits. */
  public Connection withTimes(LinkTimes newTimes) {
    return new Connection(servers, security, newTimes);
  }
}
