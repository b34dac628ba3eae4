package dev.cleave.edge;

import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A server on a real loopback port that does to each generation what the test says. */
public final class ScriptedServer implements AutoCloseable {

  /** What to do with one generation; runs on a thread of its own. */
  public interface Script {
    /** Plays the server's part; an exception of it is kept for {@link #close}. */
    void play(Exchange exchange) throws Exception;
  }

  private final ExecutorService scripts = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private final Server server;

  private ScriptedServer(Script script, DescribeReply description) throws IOException {
    ServerServiceDefinition service =
        ServerServiceDefinition.builder(DecoderMethods.serviceDescriptor())
            .addMethod(
                DecoderMethods.GENERATE,
                ServerCalls.asyncBidiStreamingCall(responses -> begin(script, responses)))
            .addMethod(
                DecoderMethods.DESCRIBE,
                ServerCalls.asyncUnaryCall(
                    (DescribeRequest request, StreamObserver<DescribeReply> reply) -> {
                      reply.onNext(description);
                      reply.onCompleted();
                    }))
            .build();
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .maxInboundMessageSize(8 << 20)
            .addService(service)
            .build()
            .start();
  }

  public static ScriptedServer start(Script script) throws IOException {
    return new ScriptedServer(script, DescribeReply.getDefaultInstance());
  }

  public static ScriptedServer describing(DescribeReply description) throws IOException {
    return new ScriptedServer(exchange -> {}, description);
  }

  private StreamObserver<Uplink> begin(Script script, StreamObserver<ServerMessage> responses) {
    Exchange exchange = new Exchange((ServerCallStreamObserver<ServerMessage>) responses);
    scripts.execute(() -> {
      try {
        script.play(exchange);
      } catch (Exception | AssertionError e) {
        failures.add(e);
        exchange.die();
      }
    });
    return exchange.uplinks();
  }

  public String address() {
    return "127.0.0.1:" + server.getPort();
  }

  /** Ends as a process that dies: connections are cut. */
  public void die() {
    server.shutdownNow();
  }

  @Override
  public void close() {
    server.shutdownNow();
    scripts.shutdown(); // not interrupted: a script that was just let go must not fail
    try {
      server.awaitTermination(5, TimeUnit.SECONDS);
      if (!scripts.awaitTermination(5, TimeUnit.SECONDS)) {
        throw new AssertionError("a script still runs");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!failures.isEmpty()) {
      throw new AssertionError("the script failed", failures.getFirst());
    }
  }
}
