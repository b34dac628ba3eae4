package dev.cleave.bench.chaos.hostile;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The server that is attacked. Immutable.
 *
 * @param port of this machine
 * @param bundle whose device half an attacker has, as every device has
 */
record Target(int port, Path bundle) {
  private static final int CONNECT_MILLIS = 10_000;
  private static final long CLOSE_SECONDS = 10;

  /** A gRPC client of its own connection. */
  ManagedChannel channel() {
    return NettyChannelBuilder.forAddress(address())
        .usePlaintext()
        .directExecutor()
        .disableRetry()
        .build();
  }

  static void close(ManagedChannel channel) throws InterruptedException {
    channel.shutdownNow().awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
  }

  private InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** A TCP connection. */
  Socket socket() throws IOException {
    Socket socket = new Socket();
    socket.connect(address(), CONNECT_MILLIS);
    socket.setTcpNoDelay(true);
    return socket;
  }
}
