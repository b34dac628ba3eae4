package dev.cleave.edge.link;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * A decoder server's address, proved to be on this machine. Hidden states are personal data and
 * this link has no encryption yet, so an address elsewhere cannot be made. Names other than {@code
 * localhost} are not looked up: what a name means is somebody else's answer. Immutable.
 *
 * @param authority {@code host:port} as it was given
 * @param socket where to connect to
 */
public record ServerAddress(String authority, InetSocketAddress socket) {

  /** Where a server listens unless told otherwise. */
  public static final String DEFAULT = "127.0.0.1:7431";

  public ServerAddress {
    InetAddress address = socket.getAddress();
    if (address == null || !address.isLoopbackAddress()) {
      throw refused(authority);
    }
  }

  /** Reads {@code host:port}; the host is {@code localhost} or a loopback address. */
  public static ServerAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1) {
      throw malformed(text);
    }
    String host = text.substring(0, colon);
    int port = parsePort(text, text.substring(colon + 1));
    return new ServerAddress(text, new InetSocketAddress(resolve(text, host), port));
  }

  private static InetAddress resolve(String text, String host) {
    if (host.equalsIgnoreCase("localhost")) {
      return InetAddress.ofLiteral("127.0.0.1");
    }
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String literal = bracketed ? host.substring(1, host.length() - 1) : host;
    try {
      return InetAddress.ofLiteral(literal);
    } catch (IllegalArgumentException e) {
      throw refused(text).causedBy(e);
    }
  }

  private static int parsePort(String text, String digits) {
    try {
      int port = Integer.parseInt(digits);
      if (port >= 1 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException e) {
      throw malformed(text).causedBy(e);
    }
    throw malformed(text);
  }

  private static CleaveException malformed(String text) {
    return CleaveException.fatal(
        Code.INPUT,
        "the server address '%s' is not host:port".formatted(text),
        "give one such as " + DEFAULT);
  }

  private static CleaveException refused(String text) {
    return CleaveException.fatal(
        Code.INPUT,
        "refused to send hidden states to %s: it is not on this machine and the link has no TLS yet"
            .formatted(text),
        "use a server on 127.0.0.1, for instance through a tunnel that encrypts");
  }
}
