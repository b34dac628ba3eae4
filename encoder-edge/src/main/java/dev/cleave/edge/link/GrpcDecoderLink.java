package dev.cleave.edge.link;

import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.Open;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The link over gRPC, plaintext, to this machine only. One HTTP/2 connection, made when first
 * needed and shared by all streams.
 */
public final class GrpcDecoderLink implements DecoderLink {
  private static final int DESCRIBE_MAX_BYTES = 64 << 10;

  private static final int FLOW_CONTROL_BYTES = 1 << 20;

  private final ServerAddress address;
  private final ManagedChannel channel;

  private GrpcDecoderLink(ServerAddress address, ManagedChannel channel) {
    this.address = address;
    this.channel = channel;
  }

  /** A link over this connection; nothing is sent before the first call. */
  public static GrpcDecoderLink to(Connection connection) {
    ServerAddress address = connection.server();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(address.socket())
            .overrideAuthority(address.authority())
            .usePlaintext()
            // The proxies of the environment would take the states off this machine.
            .proxyDetector(target -> null)
            // A retry inside gRPC keeps copies of the frames and cannot save a stream that began.
            .disableRetry()
            // Fixed: what a slow reader leaves unread here is bounded by this.
            .flowControlWindow(FLOW_CONTROL_BYTES)
            // The stream's callbacks only hand messages over.
            .directExecutor()
            .build();
    return new GrpcDecoderLink(address, channel);
  }

  @Override
  public DescribeReply describe(Duration timeout) {
    CallOptions options =
        CallOptions.DEFAULT
            .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
            .withMaxInboundMessageSize(DESCRIBE_MAX_BYTES);
    try {
      return ClientCalls.blockingUnaryCall(
          channel, DecoderMethods.DESCRIBE, options, DescribeRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      throw new StreamFailures(address, "could not ask what it serves", Optional.empty())
          .of(e, false);
    }
  }

  @Override
  public DecoderStream open(Open open, StreamTerms terms) {
    TallyTracer tracer = new TallyTracer();
    CallOptions options =
        CallOptions.DEFAULT
            .withStreamTracerFactory(tracer)
            .withMaxInboundMessageSize(terms.maxMessageBytes());
    if (terms.deadline().isPresent()) {
      options = options.withDeadlineAfter(terms.deadline().get().toNanos(), TimeUnit.NANOSECONDS);
    }
    String bundle = HexFormat.of().formatHex(open.getBundleId().toByteArray());
    ClientCall<Uplink, ServerMessage> call = channel.newCall(DecoderMethods.GENERATE, options);
    GrpcDecoderStream stream =
        new GrpcDecoderStream(
            call, tracer, new StreamFailures(address, "generation failed", Optional.of(bundle)));
    stream.start(open);
    return stream;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
