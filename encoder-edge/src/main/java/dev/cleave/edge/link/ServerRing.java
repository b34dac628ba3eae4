package dev.cleave.edge.link;

import dev.cleave.edge.channel.ChannelFactory;
import dev.cleave.edge.channel.Servers;
import dev.cleave.v1.Open;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * The servers of one link, and which of them a session goes to: the one that the session and its
 * attempt name, or the next that did not just refuse. Thread-safe.
 */
final class ServerRing implements AutoCloseable {
  private final List<ServerChannel> servers;

  /** For sessions without a name; from anywhere, so that devices do not all begin at the first. */
  private final AtomicInteger turn = new AtomicInteger(ThreadLocalRandom.current().nextInt());

  private final ChannelFactory channels;

  private ServerRing(List<ServerChannel> servers, ChannelFactory channels) {
    this.servers = servers;
    this.channels = channels;
  }

  static ServerRing of(Connection connection, LongSupplier nanoClock) {
    ChannelFactory channels =
        ChannelFactory.open(connection.servers(), connection.security(), connection.times());
    List<ServerChannel> servers =
        switch (connection.servers()) {
          case Servers.Listed(var addresses) ->
              addresses.stream()
                  .map(it ->
                      new ServerChannel(
                          it.toString(),
                          () -> channels.to(it),
                          ManagedChannel::enterIdle,
                          nanoClock))
                  .toList();
          case Servers.Dns dns ->
              List.of(
                  new ServerChannel(
                      dns.toString(),
                      () -> channels.to(dns),
                      ManagedChannel::enterIdle,
                      nanoClock));
          case Servers.Xds xds ->
              List.of(
                  new ServerChannel(
                      xds.toString(),
                      () -> channels.to(xds),
                      // To be idle would forget what the control plane said.
                      ManagedChannel::resetConnectBackoff,
                      nanoClock));
        };
    return new ServerRing(servers, channels);
  }

  /** The server for this session. */
  ServerChannel pick(Open open) {
    return inOrder(start(open)).getFirst();
  }

  /** How many there are; of a name that stands for many, as far as is known here, one. */
  int size() {
    return servers.size();
  }

  /** All of them, in the order in which to ask. */
  List<ServerChannel> all() {
    return inOrder(0);
  }

  @Override
  public void close() {
    servers.forEach(ServerChannel::close);
    channels.close();
  }

  private int start(Open open) {
    // The bits are random: any of them tell sessions apart.
    long session = open.getSessionHigh() ^ open.getSessionLow();
    int home =
        session == 0
            ? Math.floorMod(turn.getAndIncrement(), servers.size())
            : Math.floorMod(session, servers.size());
    return (int) ((home + Integer.toUnsignedLong(open.getAttempt())) % servers.size());
  }

  private List<ServerChannel> inOrder(int start) {
    List<ServerChannel> order = new ArrayList<>(servers.size());
    List<ServerChannel> shunned = new ArrayList<>();
    for (int i = 0; i < servers.size(); i++) {
      ServerChannel server = servers.get((start + i) % servers.size());
      (server.shunned() ? shunned : order).add(server);
    }
    order.addAll(shunned);
    return order;
  }
}
