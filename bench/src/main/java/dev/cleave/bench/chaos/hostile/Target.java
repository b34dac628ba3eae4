package dev.cleave.bench.chaos.hostile;

import dev.cleave.wire.WireHeaders;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The server that is attacked. Immutable.
 *
 * @param port of this machine
 * @param bundle whose device half an attacker has, as every device has
 * @param access of an attacker that is let in; empty for a server that lets in everybody
 */
record Target(int port, Path bundle, Optional<Access> access) {
  private static final int CONNECT_MILLIS = 10_000;
  private static final long CLOSE_SECONDS = 10;

  /**
   * What a client of a server with TLS and tokens has.
   *
   * @param ca file of the CA that signed the server's certificate
   * @param token that verifies
   */
  record Access(Path ca, String token) {}

  /** A gRPC client of its own connection. */
  ManagedChannel channel() throws IOException {
    ChannelCredentials credentials =
        access.isEmpty()
            ? InsecureChannelCredentials.create()
            : TlsChannelCredentials.newBuilder().trustManager(access.get().ca().toFile()).build();
    Metadata headers = new Metadata();
    access.ifPresent(it -> headers.put(WireHeaders.AUTHORIZATION, "Bearer " + it.token()));
    InetSocketAddress address = address();
    return Grpc.newChannelBuilderForAddress(
            address.getAddress().getHostAddress(), address.getPort(), credentials)
        .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
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
