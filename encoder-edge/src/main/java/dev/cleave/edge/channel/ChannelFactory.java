package dev.cleave.edge.channel;

import dev.cleave.wire.WireHeaders;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Makes channels. Thread-safe. To be closed behind them. */
public final class ChannelFactory implements AutoCloseable {
  private static final int FLOW_CONTROL_BYTES = 1 << 20;

  private final LinkTimes times;
  private final Optional<ClientTls> tls;

  private ChannelFactory(LinkTimes times, Optional<ClientTls> tls) {
    this.times = times;
    this.tls = tls;
  }

  /**
   * Channels to these servers; reads the files of TLS where it takes any.
   *
   * @throws dev.cleave.edge.error.CleaveException where one of them cannot be used
   */
  public static ChannelFactory open(Servers servers, ClientSecurity security, LinkTimes times) {
    return new ChannelFactory(
        times, security.tlsTo(servers).map(files -> ClientTls.open(files, times.reload())));
  }

  /** A channel to this one server, or to the first of its addresses that answers. */
  public ManagedChannel to(ServerAddress address) {
    Optional<InetAddress> literal = address.address();
    NettyChannelBuilder builder =
        literal.isPresent()
            ? NettyChannelBuilder.forAddress(new InetSocketAddress(literal.get(), address.port()))
                .overrideAuthority(address.toString())
            : NettyChannelBuilder.forTarget(dns(address)).disableServiceConfigLookUp();
    return build(builder);
  }

  /** A channel that goes round all addresses of a name. */
  public ManagedChannel to(Servers.Dns servers) {
    return build(
        NettyChannelBuilder.forTarget(dns(servers.address()))
            // What balances is decided here, not in a TXT record.
            .disableServiceConfigLookUp()
            .defaultLoadBalancingPolicy("round_robin"));
  }

  /** A channel that goes where the control plane says. */
  public ManagedChannel to(Servers.Xds servers) {
    return build(NettyChannelBuilder.forTarget(servers.toString()));
  }

  private ManagedChannel build(NettyChannelBuilder builder) {
    if (tls.isPresent()) {
      builder.useTransportSecurity().sslContext(tls.get().context());
      tls.get().name().ifPresent(builder::overrideAuthority);
    } else {
      builder.usePlaintext();
    }
    return builder
        // The proxies of the environment would take the states elsewhere.
        .proxyDetector(target -> null)
        // A retry inside gRPC keeps copies of the frames and cannot save a stream that began.
        .disableRetry()
        // Fixed: what a slow reader leaves unread here is bounded by this.
        .flowControlWindow(FLOW_CONTROL_BYTES)
        // Not in HPACK's table, where it would outlive its call (RFC 7541, 7.1.3).
        .neverIndexMetadataKey(WireHeaders.AUTHORIZATION)
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

  @Override
  public void close() {
    tls.ifPresent(ClientTls::close);
  }
}
