package dev.cleave.server.rpc;

import dev.cleave.server.ServerException;
import dev.cleave.server.security.Security;
import dev.cleave.server.security.ServerTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Where the server may listen: without TLS nowhere but on this machine. */
public final class ListenAddress {

  private ListenAddress() {}

  /**
   * The address to listen on, once the files of TLS were found usable.
   *
   * @throws ServerException when the host is not known, there is plaintext and any of its addresses
   *     leaves this machine, or a file of TLS cannot be used
   */
  public static InetSocketAddress requireAllowed(String host, int port, Security security) {
    InetAddress[] addresses;
    try {
      addresses = InetAddress.getAllByName(host);
    } catch (UnknownHostException e) {
      throw new ServerException("listen", host, "the host name is not known", e);
    }
    security.tls().map(ServerTls::open).ifPresent(ServerTls.Session::close);
    for (InetAddress address : addresses) {
      if (!address.isLoopbackAddress()
          && security.tls().isEmpty()
          && !security.insecurePlaintext()) {
        throw new ServerException(
            "listen",
            host,
            "it is not a loopback address, and without TLS hidden states would cross the network in"
                + " the clear: give --tls-cert and --tls-key (`cleave keys tls` makes them), or use --host"
                + " 127.0.0.1 and a tunnel that encrypts",
            null);
      }
    }
    return new InetSocketAddress(addresses[0], port);
  }

  /** {@code host:port}, an IPv6 address in brackets. */
  public static String text(String host, int port) {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
