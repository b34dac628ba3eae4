package dev.cleave.edge.channel;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where one server listens: a host by its address or its name, and a port. Nothing is looked up.
 * Immutable.
 *
 * @param host an IP address without brackets, or a host name
 * @param port from 1 to 65535
 */
public record ServerAddress(String host, int port) {

  /** Where a server listens unless told otherwise. */
  public static final String DEFAULT = "127.0.0.1:7431";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,253}");

  private static final int MAX_PORT = 65_535;

  public ServerAddress {
    if (port < 1 || port > MAX_PORT || (literal(host).isEmpty() && !NAME.matcher(host).matches())) {
      throw malformed(host + ":" + port);
    }
  }

  /** Reads {@code host:port}; an IPv6 address is in brackets. */
  public static ServerAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1) {
      throw malformed(text);
    }
    String host = text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (bracketed != host.contains(":")) {
      throw malformed(text);
    }
    try {
      return new ServerAddress(
          bracketed ? host.substring(1, host.length() - 1) : host,
          Integer.parseInt(text.substring(colon + 1)));
    } catch (NumberFormatException | CleaveException e) {
      throw malformed(text).causedBy(e);
    }
  }

  /** The host where it is an IP address, or the name of this machine that needs no look-up. */
  public Optional<InetAddress> address() {
    return host.equalsIgnoreCase("localhost") ? literal("127.0.0.1") : literal(host);
  }

  /** Whether it is on this machine for certain. What another name means is somebody's answer. */
  public boolean isLoopback() {
    return address().map(InetAddress::isLoopbackAddress).orElse(false);
  }

  /** {@code host:port}, an IPv6 address in brackets. */
  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  private static Optional<InetAddress> literal(String host) {
    try {
      return Optional.of(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static CleaveException malformed(String text) {
    return CleaveException.fatal(
        Code.INPUT,
        "the server address '%s' is not host:port".formatted(text),
        "give one such as " + DEFAULT + " or [::1]:7431");
  }
}
