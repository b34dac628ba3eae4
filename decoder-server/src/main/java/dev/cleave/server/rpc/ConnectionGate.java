package dev.cleave.server.rpc;

import dev.cleave.server.security.ConnectionLimits;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts connections from the moment when they are accepted, before a byte of them is read, and
 * cuts those beyond the limits: what comes later, TLS among it, costs memory and time. Thread-safe.
 */
final class ConnectionGate {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionGate.class);
  private static final int PREFIX_BYTES = 8;
  private static final long TELL_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final ConnectionLimits limits;
  private final Map<InetAddress, Integer> open = new HashMap<>();
  private int inAll;

  private boolean refused;
  private long toldNanos;

  ConnectionGate(ConnectionLimits limits) {
    this.limits = limits;
  }

  /** What listens, in place of Netty's own. */
  ServerChannel newListener() {
    return new NioServerSocketChannel() {
      @Override
      protected int doReadMessages(List<Object> accepted) throws Exception {
        int before = accepted.size();
        int count = super.doReadMessages(accepted);
        accepted.subList(before, accepted.size()).removeIf(it -> !admit((SocketChannel) it));
        return count;
      }
    };
  }

  /** Whether it may stay; it is closed otherwise. */
  private boolean admit(SocketChannel connection) {
    InetAddress from = origin(connection.remoteAddress().getAddress());
    if (!enter(from)) {
      // It has no event loop yet to be closed on.
      connection.unsafe().closeForcibly();
      return false;
    }
    connection.closeFuture().addListener(closed -> leave(from));
    return true;
  }

  private synchronized boolean enter(InetAddress from) {
    boolean allowed = inAll < limits.inAll() && open.getOrDefault(from, 0) < limits.perAddress();
    if (allowed) {
      inAll++;
      open.merge(from, 1, Integer::sum);
    }
    if (!allowed) {
      tell();
    }
    return allowed;
  }

  /** Now and then: whoever is refused may come again at once. */
  private void tell() {
    long now = System.nanoTime();
    if (!refused || now - toldNanos > TELL_EVERY_NANOS) {
      refused = true;
      toldNanos = now;
      LOG.warn(
          "connections={} limit={} limit_per_address={} outcome=refusing",
          inAll,
          limits.inAll(),
          limits.perAddress());
    }
  }

  private synchronized void leave(InetAddress from) {
    inAll--;
    open.computeIfPresent(from, (address, count) -> count == 1 ? null : count - 1);
  }

  /** An IPv4 address, or the /64 of an IPv6 one, which is what one subscriber has at least. */
  private static InetAddress origin(InetAddress address) {
    if (!(address instanceof Inet6Address)) {
      return address;
    }
    byte[] bytes = address.getAddress();
    Arrays.fill(bytes, PREFIX_BYTES, bytes.length, (byte) 0);
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of 16 bytes is one", e);
    }
  }
}
