package dev.cleave.server.rpc;

import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.server.ServerException;
import dev.cleave.server.call.DecoderService;
import dev.cleave.server.call.OpenPolicy;
import dev.cleave.server.call.ServedModel;
import dev.cleave.server.call.SessionHost;
import dev.cleave.server.call.SessionTable;
import dev.cleave.server.call.SessionTable.Admission;
import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.DecoderShape;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.metrics.SideEndpoint;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.wire.WireLimits;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server: {@code cleave.v1.Decoder}, {@code grpc.health.v1} and reflection on one port,
 * metrics on another. Thread-safe.
 *
 * <p>Threads: the transport's; a small pool on which calls decode their frames; one that passes
 * tokens to the transport; one that looks for idle calls; and the one that owns the engine.
 */
public final class DecoderServer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DecoderServer.class);
  private static final Duration TRANSPORT_GRACE = Duration.ofSeconds(2);
  private static final int MAX_HEADER_BYTES = 8 << 10;
  private static final int MIN_CALLS_PER_CONNECTION = 64;

  private final ServerConfig config;
  private final PrometheusMeterRegistry registry;
  private final Health health;
  private final SessionTable table;
  private final ServerThreads threads;
  private final Scheduler scheduler;
  private final Server grpc;
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable SideEndpoint side;

  private DecoderServer(
      ServerConfig config,
      PrometheusMeterRegistry registry,
      ServerThreads threads,
      SessionTable table,
      Health health,
      Scheduler scheduler,
      Server grpc) {
    this.config = config;
    this.registry = registry;
    this.threads = threads;
    this.table = table;
    this.health = health;
    this.scheduler = scheduler;
    this.grpc = grpc;
  }

  private static DecoderServer assemble(
      ServerConfig config, ServedModel model, DecoderEngine engine, InetSocketAddress address) {
    DecoderShape shape = engine.shape();
    SessionLimits limits = config.limits();
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    SessionTable table = new SessionTable();
    Health health = new Health();
    KvSlots slots = new KvSlots(limits.maxSessions(), System::nanoTime);
    PromptBudget prompts = new PromptBudget(limits.promptBufferBytes());
    ServerMetrics metrics =
        new ServerMetrics(
            registry,
            shape.slots(),
            () -> {
              table.become(Admission.BROKEN);
              health.serving(false);
            });
    metrics.watch(slots, shape.kvBytesPerSlot(), prompts, table::openSessions);
    ServerThreads threads = ServerThreads.start();
    Scheduler scheduler =
        Scheduler.start(engine, model.rules(), metrics, threads.delivery(), System::nanoTime);
    SessionHost host =
        new SessionHost(
            new OpenPolicy(model, shape.width(), limits, frameLimits(limits)),
            slots,
            prompts,
            scheduler,
            metrics,
            System::nanoTime,
            config.name(),
            table);
    threads.every(idleCheckPeriod(limits.idleTimeout()), table::endIdle);
    Server grpc =
        NettyServerBuilder.forAddress(address, InsecureServerCredentials.create())
            // Frames are decoded on this pool, the transport's threads do nothing but framing.
            .executor(threads.calls())
            .maxInboundMessageSize(WireLimits.TRANSPORT_MESSAGE_BYTES)
            .maxInboundMetadataSize(MAX_HEADER_BYTES)
            .maxConcurrentCallsPerConnection(
                Math.max(MIN_CALLS_PER_CONNECTION, 4 * limits.maxSessions()))
            .keepAliveTime(60, TimeUnit.SECONDS)
            .keepAliveTimeout(20, TimeUnit.SECONDS)
            .permitKeepAliveTime(10, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addService(new DecoderService(host, shape, ServerVersion.get()).definition())
            .addService(health.service())
            .addService(ProtoReflectionServiceV1.newInstance())
            .build();
    return new DecoderServer(config, registry, threads, table, health, scheduler, grpc);
  }

  /**
   * Opens the ports, warms the engine and then serves.
   *
   * @param engine borrowed until {@link #close} returns; the caller closes it afterwards
   * @throws ServerException when a port cannot be opened, the limits exceed the engine's, the host
   *     is not a loopback address, or the engine cannot compute
   */
  public static DecoderServer start(ServerConfig config, ServedModel model, DecoderEngine engine) {
    InetSocketAddress address = Plaintext.requireLoopback(config.host(), config.port());
    LogPolicy.enforceFloor();
    requireWithinEngine(config.limits(), engine.shape());
    model.rules().requireWithin(engine.shape().vocabulary());
    model.codec().requireWidth(engine.shape().width());
    DecoderServer server = assemble(config, model, engine, address);
    try {
      server.listen(address);
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private void listen(InetSocketAddress address) {
    try {
      grpc.start();
    } catch (IOException e) {
      throw new ServerException(
          "listen", address.toString(), "choose another --port, or --port 0 for a free one", e);
    }
    if (config.metricsPort() != ServerConfig.METRICS_OFF) {
      side = SideEndpoint.start(config.metricsPort(), registry, this::serving);
    }
    try {
      scheduler.warm().join();
    } catch (CompletionException e) {
      throw new ServerException(
          "warm the engine",
          config.name(),
          "see the cause; split the bundle again or use another" + " --device",
          e.getCause());
    }
    if (table.become(Admission.OPEN)) {
      health.serving(true);
    }
  }

  /** The port that serves gRPC. */
  public int port() {
    return grpc.getPort();
  }

  /** The port of {@code /metrics} and {@code /healthz}; empty when it is off. */
  public OptionalInt metricsPort() {
    return side == null ? OptionalInt.empty() : OptionalInt.of(side.port());
  }

  /** All meters of this server; owned by it. */
  public PrometheusMeterRegistry registry() {
    return registry;
  }

  /** Whether new sessions are taken. */
  public boolean serving() {
    return table.admission() == Admission.OPEN;
  }

  /** Admitted sessions whose call has not ended. */
  public int openSessions() {
    return table.openSessions();
  }

  /**
   * Takes no new sessions and waits until the running ones have ended, for at most the configured
   * time; {@link #close} hands back the rest. Idempotent.
   *
   * @return whether all have ended
   */
  public boolean drain() {
    table.become(Admission.DRAINING);
    health.terminal();
    long deadline = System.nanoTime() + config.drainTimeout().toNanos();
    while (table.openSessions() > 0 && System.nanoTime() < deadline) {
      if (!pause()) {
        break;
      }
    }
    return table.openSessions() == 0;
  }

  /** Hands back the sessions that run and frees everything but the engine. Idempotent. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    table.become(Admission.DRAINING);
    health.terminal();
    int left = table.openSessions();
    table.handBackAll();
    scheduler.close();
    grpc.shutdown();
    try {
      // What the calls have sent leaves the transport's queue before it is cut.
      if (!grpc.awaitTermination(TRANSPORT_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        grpc.shutdownNow().awaitTermination(TRANSPORT_GRACE.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      grpc.shutdownNow();
      Thread.currentThread().interrupt();
    }
    if (side != null) {
      side.close();
    }
    threads.close();
    registry.close();
    LOG.info("server=closed handed_back={}", left);
  }

  private static boolean pause() {
    try {
      Thread.sleep(Duration.ofMillis(10));
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static FrameLimits frameLimits(SessionLimits limits) {
    return new FrameLimits(
        Math.min(limits.maxPositionsPerFrame(), limits.maxPromptPositions()),
        // The agreement of the stream says which width; a wrong one is a lie, not a limit.
        StreamSpec.MAX_WIDTH,
        WireLimits.MAX_FRAME_BYTES - HeaderForm.LONG.bytes());
  }

  private static Duration idleCheckPeriod(Duration idleTimeout) {
    return Duration.ofNanos(Math.clamp(idleTimeout.toNanos() / 4, 10_000_000L, 1_000_000_000L));
  }

  private static void requireWithinEngine(SessionLimits limits, DecoderShape shape) {
    requireAtMost("sessions", limits.maxSessions(), shape.slots());
    requireAtMost("prompt positions", limits.maxPromptPositions(), shape.maxSource());
    requireAtMost("new tokens", limits.maxNewTokens(), shape.maxNewTokens());
  }

  private static void requireAtMost(String what, int limit, int engine) {
    if (limit > engine) {
      throw new ServerException(
          "start",
          limit + " " + what,
          "the engine was opened for " + engine + ": open it for more, or lower the limit",
          null);
    }
  }
}
