package dev.cleave.server.rpc;

import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.admission.TenantGate;
import dev.cleave.server.entrance.Entrance;
import dev.cleave.server.entrance.FairQueue;
import dev.cleave.server.entrance.SessionTable;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.metrics.TenantMetrics;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.stream.SessionHost;
import dev.cleave.server.stream.StreamClock;
import dev.cleave.server.telemetry.Telemetry;
import dev.cleave.server.tenant.TenantPolicy;
import dev.cleave.wire.WireLimits;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.ToDoubleFunction;

/** What a server stands on, whichever kind of model it serves. */
record Foundation(
    ServerConfig config,
    Telemetry telemetry,
    Health health,
    EngineGuard guard,
    ServerThreads threads,
    SessionHost host) {

  /** How soon an edit of the tenants' file counts; it is small, and read whole. */
  private static final Duration TENANTS_REFRESH = Duration.ofSeconds(2);

  /**
   * @param width of the model's boundary tensor
   * @param kvUsedBytes what the taken slots hold
   */
  static Foundation lay(
      ServerConfig config,
      ServedModel model,
      int width,
      KvSlots slots,
      ToDoubleFunction<KvSlots> kvUsedBytes) {
    SessionLimits limits = config.limits();
    TenantPolicy tenants = config.sharing().tenants();
    Telemetry telemetry =
        Telemetry.start(
            config.listen().monitoring().collector(),
            new Telemetry.Teller(config.name(), ServerVersion.get(), model.bundleId()));
    SessionTable table = new SessionTable();
    Health health = new Health();
    PromptBudget prompts = new PromptBudget(limits.promptBufferBytes());
    EngineGuard guard = new EngineGuard(table, health);
    ServerMetrics metrics = new ServerMetrics(telemetry.meters(), slots.total(), guard::died);
    ServerThreads threads = ServerThreads.start();
    FairQueue queue =
        new FairQueue(slots, prompts, config.sharing().queue(), threads.calls(), System::nanoTime);
    metrics.watch(slots, kvUsedBytes, prompts, table::openSessions);
    TenantMetrics tenantMetrics = new TenantMetrics(telemetry.meters(), tenants, queue);
    threads.every(
        TENANTS_REFRESH,
        () -> {
          tenants.refresh();
          tenantMetrics.watchLabels();
        });
    threads.every(checkPeriod(limits.idleTimeout(), config.times()), table::endIdle);
    SessionHost host =
        new SessionHost(
            new OpenPolicy(model, width, limits, frameLimits(limits)),
            new Entrance(new TenantGate(tenants, System::nanoTime), table, queue),
            config.times(),
            metrics,
            tenantMetrics,
            new StreamClock(System::nanoTime, InstantSource.system(), threads::later),
            config.name());
    return new Foundation(config, telemetry, health, guard, threads, host);
  }

  SessionTable table() {
    return host.table();
  }

  private static FrameLimits frameLimits(SessionLimits limits) {
    return new FrameLimits(
        Math.min(limits.maxPositionsPerFrame(), limits.maxPromptPositions()),
        // The agreement of the stream says which width; a wrong one is a lie, not a limit.
        StreamSpec.MAX_WIDTH,
        WireLimits.MAX_FRAME_BYTES - HeaderForm.LONG.bytes());
  }

  private static Duration checkPeriod(Duration idle, TimeLimits times) {
    // Without a queue nobody waits in it.
    long queue = times.queue().isZero() ? idle.toNanos() : times.queue().toNanos();
    long shortest = Math.min(idle.toNanos(), queue);
    shortest = Math.min(shortest, times.clients().read().toNanos());
    return quarter(Math.min(shortest, times.clients().upload().toNanos()));
  }

  /** How often to look for what may last so long. */
  static Duration quarter(long nanos) {
    return Duration.ofNanos(Math.clamp(nanos / 4, 10_000_000L, 1_000_000_000L));
  }
}
