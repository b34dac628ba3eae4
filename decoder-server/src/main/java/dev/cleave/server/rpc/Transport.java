package dev.cleave.server.rpc;

import dev.cleave.server.security.ConnectionLimits;
import dev.cleave.server.security.Security;
import dev.cleave.server.security.ServerTls;
import dev.cleave.server.security.TokenGate;
import dev.cleave.wire.WireLimits;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What is below gRPC: Netty, TLS, and the limits that hold before a message of ours is read. To be
 * closed behind the server that was built over it.
 */
final class Transport implements AutoCloseable {
  private static final int MAX_HEADER_BYTES = 8 << 10;
  private static final int MIN_CALLS_PER_CONNECTION = 64;
  private static final int FLOW_WINDOW_BYTES = 1 << 20;
  private static final int RESETS = 500;
  private static final Duration RESETS_WINDOW = Duration.ofSeconds(30);
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final Optional<ServerTls.Session> tls;
  private final Optional<TokenGate> tokens;
  private final ConnectionGate gate;
  private final Duration handshake;
  private final EventLoopGroup boss = loops(1, "cleave-accept-");
  private final EventLoopGroup workers = loops(0, "cleave-net-");

  private Transport(
      Optional<ServerTls.Session> tls, Optional<TokenGate> tokens, ConnectionLimits limits) {
    this.tls = tls;
    this.tokens = tokens;
    this.gate = new ConnectionGate(limits);
    this.handshake = limits.handshake();
  }

  /**
   * Reads the files of TLS and the keys of tokens, where there are any.
   *
   * @param rejects told the reason of each refusal
   * @throws dev.cleave.server.ServerException where one cannot be used
   */
  static Transport open(Security security, Consumer<String> rejects) {
    Optional<ServerTls.Session> tls = security.tls().map(ServerTls::open);
    try {
      return new Transport(
          tls,
          security.tokens().map(it -> TokenGate.open(it, Clock.systemUTC(), rejects)),
          security.connections());
    } catch (RuntimeException e) {
      tls.ifPresent(ServerTls.Session::close);
      throw e;
    }
  }

  /**
   * A server on this address, without services yet.
   *
   * @param calls where messages are decoded; the transport's threads do nothing but framing
   * @param maxSessions of the server
   */
  NettyServerBuilder builder(InetSocketAddress address, Executor calls, int maxSessions) {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address)
            .bossEventLoopGroup(boss)
            .workerEventLoopGroup(workers)
            // Too many connections, in all or from one address, end when they are accepted: file
            // descriptors and TLS handshakes are what they would use up.
            .channelFactory(gate::newListener)
            .executor(calls)
            // A message is buffered whole before we see it. Above the largest of ours, so that one
            // somewhat too long is answered with a reason.
            .maxInboundMessageSize(WireLimits.TRANSPORT_MESSAGE_BYTES)
            // Headers are buffered before anybody is authenticated; a token of 6 KiB fits.
            .maxInboundMetadataSize(MAX_HEADER_BYTES)
            // One connection may use all sessions of the server and ask what it serves meanwhile;
            // beyond that, streams cost memory and can be nothing but refused.
            .maxConcurrentCallsPerConnection(Math.max(MIN_CALLS_PER_CONNECTION, 4 * maxSessions))
            // Streams that are opened and reset at once cost the server more than the client
            // (CVE-2023-44487). A device that cancels every answer needs some 16 a second at most.
            .maxRstFramesPerWindow(RESETS, (int) RESETS_WINDOW.toSeconds())
            // Fixed: a window that tunes itself sends pings, and grows with what clients send.
            .flowControlWindow(FLOW_WINDOW_BYTES)
            // Who connects and says nothing, or a byte now and then, holds a place for so long.
            .handshakeTimeout(handshake.toMillis(), TimeUnit.MILLISECONDS)
            // A device that vanished is found, and its sessions end, within 80 s.
            .keepAliveTime(60, TimeUnit.SECONDS)
            .keepAliveTimeout(20, TimeUnit.SECONDS)
            // Half of what devices ask after: pings that the network brings close to each other
            // would count against them, and three such end the connection.
            .permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            // A connection without calls is told to go, and the device makes another when needed.
            // There is no greatest age: a session lives as long as its device likes, and to end its
            // connection would make the device send all of it again.
            .maxConnectionIdle(15, TimeUnit.MINUTES);
    tls.ifPresent(it -> builder.sslContext(it.context()));
    tokens.ifPresent(builder::intercept);
    return builder;
  }

  @Override
  public void close() {
    tls.ifPresent(ServerTls.Session::close);
    tokens.ifPresent(TokenGate::close);
    for (EventLoopGroup group : new EventLoopGroup[] {boss, workers}) {
      group
          .shutdownGracefully(0, GRACE.toMillis(), TimeUnit.MILLISECONDS)
          .awaitUninterruptibly(GRACE.toMillis());
    }
  }

  /**
   * @param threads 0 are two for each processor
   */
  private static EventLoopGroup loops(int threads, String name) {
    return new MultiThreadIoEventLoopGroup(
        threads, Thread.ofPlatform().name(name, 0).daemon().factory(), NioIoHandler.newFactory());
  }
}
