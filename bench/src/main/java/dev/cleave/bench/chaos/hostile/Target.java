package dev.cleave.bench.chaos.hostile;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
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
  private static final String LOOPBACK = "127.0.0.1";
  private static final int CONNECT_MILLIS = 10_000;
  private static final long CLOSE_SECONDS = 10;

  /** A gRPC client of its own connection. */
  ManagedChannel channel() {
    return NettyChannelBuilder.forAddress(new InetSocketAddress(LOOPBACK, port))
        .usePlaintext()
        .directExecutor()
        .disableRetry()
        .build();
  }

  static void close(ManagedChannel channel) throws InterruptedException {
    channel.shutdownNow().awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
  }

  /** A TCP connection. */
  Socket socket() throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(LOOPBACK, port), CONNECT_MILLIS);
    socket.setTcpNoDelay(true);
    return socket;
  }
}
