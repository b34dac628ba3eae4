package dev.cleave.edge.link;

import dev.cleave.edge.channel.ClientSecurity;
import dev.cleave.edge.channel.LinkTimes;
import dev.cleave.edge.channel.Servers;
import dev.cleave.edge.error.CleaveException;

/**
 * Where decoder servers are and how this device talks to them. Immutable.
 *
 * @param servers where they are
 * @param security what secures the way to them
 * @param times how long a silent network is waited for
 */
public record Connection(Servers servers, ClientSecurity security, LinkTimes times) {
  /**
   * @throws CleaveException where hidden states would leave this machine in the clear
   */
  public Connection {
    security.requireAllows(servers);
  }

  /** The usual way to these servers: {@code host:port}, or several of them with commas between. */
  public static Connection to(String servers) {
    return new Connection(Servers.parse(servers), ClientSecurity.loopback(), LinkTimes.defaults());
  }

  /** This with other time limits. */
  public Connection withTimes(LinkTimes newTimes) {
    return new Connection(servers, security, newTimes);
  }
}
