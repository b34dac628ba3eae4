package dev.cleave.server.rpc;

import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.call.DecoderService;
import dev.cleave.server.call.SessionCall;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.causal.SegmentScheduler;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.entrance.SessionTable;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.schedule.EngineOwner;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.security.TokenGate;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.stream.SessionHost;
import dev.cleave.server.stream.StreamClock;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A server that asks for tokens, whose time stands still unless it is told otherwise. */
final class ClockedServer implements AutoCloseable {

  static final Instant START = Instant.parse("2030-01-01T00:00:00Z");
  static final Duration SKEW = TestIssuer.SKEW;

  /** The time of tokens and that of streams, which go together. */
  private static final class Watch extends Clock {
    private volatile Duration passed = Duration.ZERO;

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return START.plus(passed);
    }

    long nanos() {
      return passed.toNanos();
    }
  }

  /** What computes, and how. */
  private record Kind(DecoderService service, EngineOwner owner) {}

  /** Makes it over the parts of a server. */
  private interface Kinds {
    Kind of(SessionHost host);
  }

  /** Calls that have reached the server. */
  final Semaphore calls = new Semaphore(0);

  private final Watch watch = new Watch();
  private final TestIssuer issuer;
  private final Foundation base;
  private final EngineOwner owner;
  private final TokenGate gate;
  private final Server grpc;
  private final ManagedChannel channel;

  private ClockedServer(Path folder, Foundation base, Kinds kinds) throws Exception {
    LogPolicy.enforceFloor();
    this.issuer = new TestIssuer(folder);
    this.base = base;
    SessionHost real = base.host();
    SessionHost host =
        new SessionHost(
            real.policy(),
            real.entrance(),
            real.times(),
            real.metrics(),
            real.tenantMetrics(),
            new StreamClock(watch::nanos, watch, real.clock().later()),
            real.serverName());
    Kind kind = kinds.of(host);
    this.owner = kind.owner();
    this.gate = TokenGate.open(issuer.policy(), watch, host.metrics()::rejected);
    this.grpc =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .executor(base.threads().calls())
            .addService(kind.service().definition())
            .intercept(new Count())
            .intercept(gate)
            .build()
            .start();
    this.channel =
        NettyChannelBuilder.forAddress("127.0.0.1", grpc.getPort()).usePlaintext().build();
    owner.warm().get(20, TimeUnit.SECONDS);
    base.table().become(SessionTable.Admission.OPEN);
  }

  /** Of an encoder-decoder model. */
  static ClockedServer decoding(Path folder, FakeDecoderEngine engine, int slots) throws Exception {
    Foundation base =
        foundation(
            TestServer.limits(slots, false, Duration.ofHours(1)),
            FakeDecoderEngine.WIDTH,
            new KvSlots(slots, System::nanoTime));
    return new ClockedServer(
        folder,
        base,
        host -> {
          Scheduler scheduler =
              Scheduler.start(
                  engine,
                  TokenRules.of(TestServer.START, Set.of()),
                  host.metrics(),
                  base.threads().delivery(),
                  System::nanoTime);
          return new Kind(DecoderService.decoding(host, scheduler, engine()), scheduler);
        });
  }

  /** Of a causal model. */
  static ClockedServer causal(Path folder, FakeUpperEngine engine) throws Exception {
    int positions = CausalServer.SLOTS * CausalServer.CONTEXT;
    Foundation base =
        foundation(
            CausalServer.limits(false, Duration.ofHours(1)),
            CausalServer.WIDTH,
            new KvSlots(CausalServer.SLOTS, positions, System::nanoTime));
    return new ClockedServer(
        folder,
        base,
        host -> {
          SegmentScheduler scheduler =
              SegmentScheduler.start(engine, CausalServer.BUDGET, host.metrics(), System::nanoTime);
          SessionCall.Limits limits =
              new SessionCall.Limits(CausalServer.STEP, Duration.ofHours(1));
          return new Kind(DecoderService.causal(host, scheduler, limits, engine()), scheduler);
        });
  }

  /** Nothing but what is tested may end a session. */
  private static Foundation foundation(SessionLimits limits, int width, KvSlots slots) {
    Duration hours = Duration.ofHours(1);
    TimeLimits times =
        TimeLimits.DEFAULT
            .withQueue(hours)
            .withClients(new TimeLimits.Clients(hours, hours, Duration.ofHours(12)));
    return Foundation.lay(
        ServerConfig.onFreePorts(limits).withTimes(times),
        new ServedModel(TestServer.BUNDLE_ID, "fake"),
        width,
        slots,
        _ -> 0);
  }

  private static DecoderService.Engine engine() {
    return new DecoderService.Engine("cpu", "f32", "test");
  }

  /** A token that says that it ends so many seconds after the start. */
  String token(int end) throws Exception {
    return issuer.token(START.plusSeconds(end));
  }

  /** A call with this token. */
  TestCall call(String token) {
    return TestCall.open(TestIssuer.with(channel, token));
  }

  /** So many seconds after the start all calls are looked at. */
  void at(int seconds) {
    watch.passed = Duration.ofSeconds(seconds);
    base.table().endIdle();
  }

  int waiting() {
    return base.host().entrance().queue().waiting();
  }

  @Override
  public void close() {
    base.table().handBackAll();
    channel.shutdownNow();
    owner.close();
    grpc.shutdownNow();
    while (!grpc.isTerminated()) {
      Thread.onSpinWait(); // its streams are cut off
    }
    gate.close();
    base.threads().close();
  }

  private final class Count implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      ServerCall.Listener<Q> listener = next.startCall(call, headers);
      calls.release();
      return listener;
    }
  }
}
