package dev.cleave.server.rpc;

import dev.cleave.server.ServerException;
import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.call.DecoderService;
import dev.cleave.server.call.SessionCall;
import dev.cleave.server.causal.SegmentScheduler;
import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.DecoderShape;
import dev.cleave.server.entrance.SessionTable.Admission;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.server.metrics.SideEndpoint;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.schedule.EngineOwner;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperShape;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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

  private final Foundation base;
  private final EngineOwner owner;
  private final ServedPort port;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final CompletableFuture<EngineLoss> engineLost = new CompletableFuture<>();
  private volatile boolean hurried;
  private @Nullable SideEndpoint side;

  private DecoderServer(Foundation base, EngineOwner owner, ServedPort port) {
    this.base = base;
    this.owner = owner;
    this.port = port;
  }

  /**
   * Serves an encoder-decoder model: opens the ports, warms the engine and then takes sessions.
   *
   * @param rules start, end and suppressed tokens of the checkpoint
   * @param engine borrowed until {@link #close} returns; the caller closes it afterwards
   * @throws ServerException when a port cannot be opened, the limits exceed the engine's, the host
   *     is not a loopback address, or the engine cannot compute
   */
  public static DecoderServer start(
      ServerConfig config, ServedModel model, TokenRules rules, DecoderEngine engine) {
    InetSocketAddress address = address(config.listen());
    LogPolicy.enforceFloor();
    DecoderShape shape = engine.shape();
    SessionLimits limits = config.limits();
    requireAtMost("sessions", limits.maxSessions(), shape.slots());
    requireAtMost("prompt positions", limits.maxPromptPositions(), shape.maxSource());
    requireAtMost("new tokens", limits.maxNewTokens(), shape.maxNewTokens());
    rules.requireWithin(shape.vocabulary());
    model.codec().requireWidth(shape.width());
    KvSlots slots = new KvSlots(limits.maxSessions(), System::nanoTime);
    Foundation base =
        Foundation.lay(
            config,
            model,
            shape.width(),
            slots,
            it -> (double) ((it.total() - it.free()) * shape.kvBytesPerSlot()));
    Scheduler scheduler =
        Scheduler.start(
            engine, rules, base.host().metrics(), base.threads().delivery(), System::nanoTime);
    DecoderService service =
        DecoderService.decoding(
            base.host(), scheduler, placement(shape.device(), shape.precision()));
    return serve(base, scheduler, service, address);
  }

  /**
   * Serves a causal model: opens the ports, warms the engine and then takes sessions.
   *
   * @param engine borrowed until {@link #close} returns; the caller closes it afterwards
   * @throws ServerException when a port cannot be opened, the limits exceed the engine's, the host
   *     is not a loopback address, or the engine cannot compute
   */
  public static DecoderServer start(
      ServerConfig config, CausalConfig causal, ServedModel model, UpperEngine engine) {
    InetSocketAddress address = address(config.listen());
    LogPolicy.enforceFloor();
    UpperShape shape = engine.shape();
    SessionLimits limits = config.limits();
    requireAtMost("sessions", limits.maxSessions(), shape.slots());
    requireAtMost("positions of one session", limits.maxPromptPositions(), shape.maxPositions());
    requireAtMost("positions of one step", causal.stepBudget(), shape.maxStepPositions());
    model.codec().requireWidth(shape.width());
    KvSlots slots = new KvSlots(limits.maxSessions(), causal.kvPositions(), System::nanoTime);
    Foundation base =
        Foundation.lay(
            config,
            model,
            shape.width(),
            slots,
            it ->
                (double) ((it.totalPositions() - it.freePositions()) * shape.kvBytesPerPosition()));
    SegmentScheduler scheduler =
        SegmentScheduler.start(
            engine, causal.stepBudget(), base.host().metrics(), System::nanoTime);
    DecoderService service =
        DecoderService.causal(
            base.host(),
            scheduler,
            new SessionCall.Limits(causal.stepPositions(), causal.sessionTimeout()),
            placement(shape.device(), shape.precision()));
    return serve(base, scheduler, service, address);
  }

  private static InetSocketAddress address(ServerConfig.Listen listen) {
    return ListenAddress.requireAllowed(listen.host(), listen.port(), listen.security());
  }

  private static DecoderService.Engine placement(String device, String precision) {
    return new DecoderService.Engine(device, precision, ServerVersion.get());
  }

  private static DecoderServer serve(
      Foundation base, EngineOwner owner, DecoderService service, InetSocketAddress address) {
    DecoderServer server = new DecoderServer(base, owner, ServedPort.of(base, service, address));
    try {
      server.open();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private void open() {
    port.listen();
    Monitoring monitoring = base.config().listen().monitoring();
    if (monitoring.port() != Monitoring.OFF) {
      side =
          SideEndpoint.start(
              new InetSocketAddress(monitoring.host(), monitoring.port()),
              registry(),
              new SideEndpoint.Probes(this::alive, this::serving));
    }
    try {
      owner.warm().join();
    } catch (CompletionException e) {
      throw new ServerException(
          "warm the engine",
          base.config().name(),
          "see the cause; split the bundle again or use another" + " --device",
          e.getCause());
    }
    watchEngine();
    if (base.table().become(Admission.OPEN)) {
      base.health().serving(true);
    }
  }

  private void watchEngine() {
    Duration step = base.config().times().step();
    base.threads().every(Foundation.quarter(step.toNanos()), () -> base.guard().check(owner, step));
    var _ = base.guard().lost().thenAccept(this::giveUp);
  }

  /** Tells all sessions to move; what they are told leaves before anybody hears of the loss. */
  private void giveUp(EngineLoss loss) {
    base.table().endWithoutEngine();
    if (!closed.get()) {
      var _ = port.end();
    }
    engineLost.complete(loss);
  }

  /**
   * Completes when the engine is lost, by a call that does not end within the step time-out or by
   * the death of its owner thread, once all sessions have been told to move. The server then serves
   * nothing any more; a process does best to end, as {@code cleave serve} does. After {@link
   * EngineLoss#STUCK} the engine may not be closed: its memory is in use.
   */
  public CompletableFuture<EngineLoss> engineLost() {
    return engineLost.copy();
  }

  /** Ends a {@link #drain} that waits: who is not done is told to move by {@link #close}. */
  public void hurry() {
    hurried = true;
  }

  /** The port that serves gRPC. */
  public int port() {
    return port.number();
  }

  /** The port of {@code /metrics} and the probes; empty when it is off. */
  public OptionalInt metricsPort() {
    return side == null ? OptionalInt.empty() : OptionalInt.of(side.port());
  }

  /** All meters of this server; owned by it. */
  public PrometheusMeterRegistry registry() {
    return base.telemetry().page();
  }

  /** Whether new sessions are taken. */
  public boolean serving() {
    return base.table().admission() == Admission.OPEN;
  }

  /** Whether the engine computes, or is going to; if not, only a restart helps. */
  public boolean alive() {
    return base.table().admission() != Admission.BROKEN;
  }

  /** Admitted sessions whose call has not ended. */
  public int openSessions() {
    return base.table().openSessions();
  }

  /**
   * Takes no new sessions and waits until the running ones have ended, for at most the configured
   * time; {@link #close} hands back the rest. A causal session, which its device alone could end,
   * is handed back as soon as it has been quiet between two answers for a second. Idempotent.
   *
   * @return whether all have ended
   */
  public boolean drain() {
    base.table().become(Admission.DRAINING);
    base.health().terminal();
    long deadline = System.nanoTime() + base.config().times().drain().toNanos();
    while (base.table().openSessions() > 0 && System.nanoTime() < deadline && !hurried) {
      base.table().handBackQuiet();
      if (!pause()) {
        break;
      }
    }
    return base.table().openSessions() == 0;
  }

  /**
   * Tells the sessions that run to move, behind the tokens that they have, and frees everything but
   * the engine. Waits for the engine's current step, unless it is stuck. Idempotent.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    base.table().become(Admission.DRAINING);
    base.health().terminal();
    int left = base.table().openSessions();
    base.table().handBackAll();
    if (base.guard().isStuck()) {
      owner.abandon();
    } else {
      owner.close();
    }
    if (!port.end()) {
      port.cut();
    }
    if (side != null) {
      side.close();
    }
    base.threads().close();
    // Behind the calls, which still write to it.
    port.close();
    base.telemetry().close();
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
