package dev.cleave.server.rpc;

import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.call.DecoderService;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.entrance.SessionTable;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.tenant.Caller;
import dev.cleave.server.tenant.Tenant;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.MetadataUtils;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A server on a loopback port that takes a caller's word for whose tenant it is. */
final class TenantServer implements AutoCloseable {

  private static final Metadata.Key<String> TENANT =
      Metadata.Key.of("tenant", Metadata.ASCII_STRING_MARSHALLER);

  final FakeDecoderEngine engine;
  final Foundation base;
  private final Scheduler scheduler;
  private final Server grpc;
  private final ManagedChannel channel;

  private TenantServer(
      FakeDecoderEngine engine, Foundation base, Scheduler scheduler, Server grpc) {
    this.engine = engine;
    this.base = base;
    this.scheduler = scheduler;
    this.grpc = grpc;
    this.channel =
        NettyChannelBuilder.forAddress("127.0.0.1", grpc.getPort()).usePlaintext().build();
  }

  static TenantServer start(ServerConfig config) throws Exception {
    LogPolicy.enforceFloor();
    int slots = config.limits().maxSessions();
    FakeDecoderEngine engine = new FakeDecoderEngine(slots, TestServer.VOCABULARY);
    Foundation base =
        Foundation.lay(
            config,
            new ServedModel(TestServer.BUNDLE_ID, "fake"),
            FakeDecoderEngine.WIDTH,
            new KvSlots(slots, System::nanoTime),
            _ -> 0);
    Scheduler scheduler =
        Scheduler.start(
            engine,
            TokenRules.of(TestServer.START, Set.of()),
            base.host().metrics(),
            base.threads().delivery(),
            System::nanoTime);
    DecoderService service =
        DecoderService.decoding(
            base.host(), scheduler, new DecoderService.Engine("cpu", "f32", "test"));
    Server grpc =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .executor(base.threads().calls())
            .addService(ServerInterceptors.intercept(service.definition(), new Believe()))
            .build()
            .start();
    scheduler.warm().get(10, TimeUnit.SECONDS);
    base.table().become(SessionTable.Admission.OPEN);
    engine.forgetCounts();
    return new TenantServer(engine, base, scheduler, grpc);
  }

  /** Who calls on it is this tenant. */
  Channel as(String tenant) {
    Metadata headers = new Metadata();
    headers.put(TENANT, tenant);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  TestCall call(String tenant) {
    return TestCall.open(as(tenant));
  }

  double metric(String name, String... tags) {
    var gauge = base.telemetry().page().find(name).tags(tags).gauge();
    if (gauge != null) {
      return gauge.value();
    }
    var counter = base.telemetry().page().find(name).tags(tags).counter();
    return counter == null ? 0 : counter.count();
  }

  void awaitMetric(double value, String name, String... tags) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
    while (metric(name, tags) != value) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(name + " is " + metric(name, tags) + ", awaited " + value);
      }
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  @Override
  public void close() {
    engine.ungateSteps();
    base.table().handBackAll();
    channel.shutdownNow();
    scheduler.close();
    grpc.shutdownNow();
    while (!grpc.isTerminated()) {
      Thread.onSpinWait(); // its streams are cut off
    }
    base.threads().close();
    engine.close();
    if (engine.filledSlots() != 0) {
      throw new AssertionError(engine.filledSlots() + " slots hold KV after close");
    }
  }

  private static final class Believe implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      Caller caller = new Caller(new Tenant(headers.get(TENANT)), Instant.MAX);
      return Contexts.interceptCall(caller.in(Context.current()), call, headers, next);
    }
  }
}
