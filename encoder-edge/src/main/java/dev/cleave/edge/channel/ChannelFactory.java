package dev.cleave.edge.channel;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Makes channels. Immutable. */
public final class ChannelFactory {
  private static final int FLOW_CONTROL_BYTES = 1 << 20;

  private final LinkTimes times;

  /** Channels with these time limits. */
  public ChannelFactory(LinkTimes times) {
    this.times = times;
  }

  /** A channel to this one server, or to the first of its addresses that answers. */
  public ManagedChannel to(ServerAddress address) {
    Optional<InetAddress> literal = address.address();
    NettyChannelBuilder builder =
        literal.isPresent()
            ? NettyChannelBuilder.forAddress(new InetSocketAddress(literal.get(), address.port()))
                .overrideAuthority(address.toString())
            : NettyChannelBuilder.forTarget(dns(address));
    return build(builder);
  }

  /** A channel that goes round all addresses of a name. */
  public ManagedChannel to(Servers.Dns servers) {
    return build(
        NettyChannelBuilder.forTarget(dns(servers.address()))
            .defaultLoadBalancingPolicy("round_robin"));
  }

  private ManagedChannel build(NettyChannelBuilder builder) {
    return builder
        .usePlaintext()
        // The proxies of the environment would take the states elsewhere.
        .proxyDetector(target -> null)
        // What balances is decided here, not in a TXT record.
        .disableServiceConfigLookUp()
        // A retry inside gRPC keeps copies of the frames and cannot save a stream that began.
        .disableRetry()
        // Fixed: what a slow reader leaves unread here is bounded by this.
        .flowControlWindow(FLOW_CONTROL_BYTES)
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) times.connect().toMillis())
        // A peer that went away without a word is found by pings alone. Without calls too: a
        // connection counts as made when the server has spoken HTTP/2, and until then none of its
        // calls is on it.
        .keepAliveTime(times.quiet().toNanos(), TimeUnit.NANOSECONDS)
        .keepAliveTimeout(times.answer().toNanos(), TimeUnit.NANOSECONDS)
        .keepAliveWithoutCalls(true)
        // The stream's callbacks only hand messages over.
        .directExecutor()
        .build();
  }

  private static String dns(ServerAddress address) {
    return "dns:///" + address;
  }
}
