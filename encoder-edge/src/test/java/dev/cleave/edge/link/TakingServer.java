package dev.cleave.edge.link;

import com.google.protobuf.ByteString;
import dev.cleave.v1.CodecMode;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireLimits;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A server that opens every session, says by which name it did, and leaves it there. */
final class TakingServer implements AutoCloseable {
  private final List<Metadata> headers = new CopyOnWriteArrayList<>();
  private final Server server;
  private final String name;
  private final Optional<StatusRuntimeException> refusal;

  private TakingServer(
      String name,
      InetSocketAddress at,
      ServerCredentials credentials,
      Optional<StatusRuntimeException> refusal)
      throws IOException {
    this.name = name;
    this.refusal = refusal;
    this.server =
        NettyServerBuilder.forAddress(at, credentials)
            .intercept(
                new ServerInterceptor() {
                  @Override
                  public <Q, A> ServerCall.Listener<Q> interceptCall(
                      ServerCall<Q, A> call, Metadata came, ServerCallHandler<Q, A> next) {
                    headers.add(came);
                    return next.startCall(call, came);
                  }
                })
            .addService(
                ServerServiceDefinition.builder(DecoderMethods.serviceDescriptor())
                    .addMethod(
                        DecoderMethods.GENERATE, ServerCalls.asyncBidiStreamingCall(this::generate))
                    .addMethod(DecoderMethods.DESCRIBE, ServerCalls.asyncUnaryCall(this::describe))
                    .build())
            .build()
            .start();
  }

  /** On a free port of this machine. */
  static TakingServer start(String name) throws IOException {
    return start(name, "127.0.0.1", 0);
  }

  static TakingServer start(String name, String host, int port) throws IOException {
    return start(name, at(host, port), InsecureServerCredentials.create());
  }

  static TakingServer start(String name, InetSocketAddress at, ServerCredentials credentials)
      throws IOException {
    return new TakingServer(name, at, credentials, Optional.empty());
  }

  /** One that takes no session. */
  static TakingServer refusing(StatusRuntimeException refusal) throws IOException {
    return new TakingServer(
        "refusing", at("127.0.0.1", 0), InsecureServerCredentials.create(), Optional.of(refusal));
  }

  /** What it takes. */
  static Open.Builder open() {
    return Open.newBuilder()
        .setBundleId(ByteString.copyFrom(new byte[WireLimits.BUNDLE_ID_BYTES]))
        .setCodec(CodecMode.RAW_F32)
        .setPromptPositions(1)
        .setMaxNewTokens(1);
  }

  static InetSocketAddress at(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }

  int port() {
    return server.getPort();
  }

  String address() {
    return "127.0.0.1:" + port();
  }

  /** What the calls so far brought, in order. */
  List<Metadata> headers() {
    return headers;
  }

  private StreamObserver<Uplink> generate(StreamObserver<ServerMessage> responses) {
    ((ServerCallStreamObserver<ServerMessage>) responses).setOnCancelHandler(() -> {});
    return new StreamObserver<>() {
      @Override
      public void onNext(Uplink message) {
        if (refusal.isPresent()) {
          responses.onError(refusal.get());
        } else if (message instanceof Uplink.OpenSession) {
          responses.onNext(
              ServerMessage.newBuilder()
                  .setOpened(Opened.newBuilder().setServerName(name))
                  .build());
        }
      }

      @Override
      public void onError(Throwable failure) {
        // the device went away
      }

      @Override
      public void onCompleted() {
        responses.onCompleted();
      }
    };
  }

  private void describe(DescribeRequest request, StreamObserver<DescribeReply> responses) {
    responses.onNext(DescribeReply.newBuilder().setServerName(name).build());
    responses.onCompleted();
  }

  /** Ends as a process that dies: connections are cut. */
  void die() {
    server.shutdownNow();
  }

  @Override
  public void close() {
    die();
    try {
      if (!server.awaitTermination(10, TimeUnit.SECONDS)) {
        throw new AssertionError("the server still runs");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
