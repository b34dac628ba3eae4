package dev.cleave.server.rpc;

import dev.cleave.server.ServerException;
import dev.cleave.server.call.DecoderService;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The port that serves gRPC: decoder, health and reflection, over one transport. Thread-safe. */
final class ServedPort implements AutoCloseable {

  private static final Duration GRACE = Duration.ofSeconds(2);

  private final InetSocketAddress address;
  private final Transport transport;
  private final Server grpc;

  private ServedPort(InetSocketAddress address, Transport transport, Server grpc) {
    this.address = address;
    this.transport = transport;
    this.grpc = grpc;
  }

  /**
   * Reads the files of TLS and the keys of tokens; does not listen yet.
   *
   * @throws ServerException where one cannot be used
   */
  static ServedPort of(Foundation base, DecoderService service, InetSocketAddress address) {
    Transport transport =
        Transport.open(base.config().listen().security(), base.host().metrics()::rejected);
    NettyServerBuilder builder =
        transport
            .builder(address, base.threads().calls(), base.config().limits().maxSessions())
            .addService(service.definition())
            .addService(base.health().service())
            .addService(ProtoReflectionServiceV1.newInstance());
    base.telemetry().watch(builder);
    return new ServedPort(address, transport, builder.build());
  }

  /**
   * Listens.
   *
   * @throws ServerException when the port is taken
   */
  void listen() {
    try {
      grpc.start();
    } catch (IOException e) {
      throw new ServerException(
          "listen", address.toString(), "choose another --port, or --port 0 for a free one", e);
    }
  }

  /** The one that was asked for, or the free one that was found. */
  int number() {
    return grpc.getPort();
  }

  /**
   * Takes no new calls, and lets what the others have sent leave before they are cut.
   *
   * @return whether all have ended in time; false with the thread interrupted when it was
   */
  boolean end() {
    grpc.shutdown();
    return awaitEnd();
  }

  /** Cuts the calls that have not ended. */
  void cut() {
    grpc.shutdownNow();
    var _ = awaitEnd();
  }

  private boolean awaitEnd() {
    try {
      return grpc.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Frees the transport; behind the end of all calls. */
  @Override
  public void close() {
    transport.close();
  }
}
