package dev.cleave.edge.link;

import dev.cleave.edge.channel.BearerToken;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.Open;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireHeaders;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The link over gRPC. One HTTP/2 connection to each server, made when first needed and shared by
 * all streams.
 */
public final class GrpcDecoderLink implements DecoderLink {
  private static final int DESCRIBE_MAX_BYTES = 64 << 10;

  private final ServerRing servers;
  private final Optional<BearerToken> token;

  private GrpcDecoderLink(ServerRing servers, Optional<BearerToken> token) {
    this.servers = servers;
    this.token = token;
  }

  /**
   * A link over this connection; nothing is sent before the first call.
   *
   * @throws CleaveException where the files of TLS cannot be used
   */
  public static GrpcDecoderLink to(Connection connection) {
    return to(connection, System::nanoTime);
  }

  /** The same with another clock. */
  static GrpcDecoderLink to(Connection connection, LongSupplier nanoClock) {
    return new GrpcDecoderLink(ServerRing.of(connection, nanoClock), connection.security().token());
  }

  /** Asks one server after the other until one answers. */
  @Override
  public DescribeReply describe(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    @Nullable CleaveException failure = null;
    List<ServerChannel> all = servers.all();
    for (int i = 0; i < all.size(); i++) {
      // A silent one may not take the time of the others.
      long share = (deadline - System.nanoTime()) / (all.size() - i);
      try {
        return describe(all.get(i), share);
      } catch (CleaveException e) {
        if (e.category() == Category.FATAL) {
          throw e;
        }
        failure = e;
      }
    }
    throw failure == null ? new IllegalStateException("no servers") : failure;
  }

  private DescribeReply describe(ServerChannel server, long nanos) {
    CallOptions options =
        CallOptions.DEFAULT
            .withDeadlineAfter(nanos, TimeUnit.NANOSECONDS)
            .withMaxInboundMessageSize(DESCRIBE_MAX_BYTES);
    try {
      return ClientCalls.blockingUnaryCall(
          ClientInterceptors.intercept(
              server.channel(), MetadataUtils.newAttachHeadersInterceptor(headers())),
          DecoderMethods.DESCRIBE,
          options,
          DescribeRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      CleaveException failure =
          failures(server, "could not ask what it serves", Optional.empty()).of(e, false);
      if (failure.code() == Code.LINK) {
        server.refused();
      }
      throw failure;
    }
  }

  @Override
  public DecoderStream open(Open open, StreamTerms terms) {
    Metadata headers = headers();
    headers.put(
        WireHeaders.SESSION, WireHeaders.session(open.getSessionHigh(), open.getSessionLow()));
    ServerChannel server = servers.pick(open);
    TallyTracer tracer = new TallyTracer();
    CallOptions options =
        CallOptions.DEFAULT
            .withStreamTracerFactory(tracer)
            .withMaxInboundMessageSize(terms.maxMessageBytes());
    if (terms.deadline().isPresent()) {
      options = options.withDeadlineAfter(terms.deadline().get().toNanos(), TimeUnit.NANOSECONDS);
    }
    String bundle = HexFormat.of().formatHex(open.getBundleId().toByteArray());
    ClientCall<Uplink, ServerMessage> call =
        server.channel().newCall(DecoderMethods.GENERATE, options);
    GrpcDecoderStream stream =
        new GrpcDecoderStream(
            call,
            tracer,
            failures(server, "generation failed", Optional.of(bundle)),
            server::refused);
    stream.start(open, headers);
    return stream;
  }

  private StreamFailures failures(ServerChannel server, String attempted, Optional<String> bundle) {
    return new StreamFailures(server.name(), servers.size() == 1, attempted, bundle);
  }

  /** Read anew for each call: tokens are renewed. */
  private Metadata headers() {
    Metadata headers = new Metadata();
    token.ifPresent(it -> headers.put(WireHeaders.AUTHORIZATION, it.header()));
    return headers;
  }

  @Override
  public int servers() {
    return servers.size();
  }

  @Override
  public void close() {
    servers.close();
  }
}
