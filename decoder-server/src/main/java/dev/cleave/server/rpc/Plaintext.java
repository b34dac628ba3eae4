package dev.cleave.server.rpc;

import dev.cleave.server.ServerException;
import dev.cleave.server.security.Security;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Where the server may listen without TLS: nowhere but on this machine. */
public final class Plaintext {

  private Plaintext() {}

  /**
   * The address to listen on.
   *
   * @throws ServerException when the host is not known, or any of its addresses leaves this machine
   */
  public static InetSocketAddress requireAllowed(String host, int port, Security security) {
    InetAddress[] addresses;
    try {
      addresses = InetAddress.getAllByName(host);
    } catch (UnknownHostException e) {
      throw new ServerException("listen", host, "the host name is not known", e);
    }
    for (InetAddress address : addresses) {
      if (!address.isLoopbackAddress() && !security.insecurePlaintext()) {
        throw new ServerException(
            "listen",
            host,
            "it is not a loopback address and there is no TLS yet, hidden states would cross the"
                + " network in the clear: use --host 127.0.0.1 and a tunnel",
            null);
      }
    }
    return new InetSocketAddress(addresses[0], port);
  }
}
