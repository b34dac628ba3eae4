package dev.cleave.server.metrics;

import dev.cleave.server.entrance.FairQueue;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantPolicy;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Meters by tenant. Tenants that the operator has not named share one label, so that nobody who can
 * get a token can make metrics grow. Thread-safe.
 */
public final class TenantMetrics {

  private static final String TAG = "tenant";

  private final MeterRegistry registry;
  private final TenantPolicy policy;
  private final FairQueue queue;
  private final Timer waits;
  private final Set<String> watched = ConcurrentHashMap.newKeySet();

  /**
   * @param registry borrowed
   */
  public TenantMetrics(MeterRegistry registry, TenantPolicy policy, FairQueue queue) {
    this.registry = registry;
    this.policy = policy;
    this.queue = queue;
    this.waits =
        Timer.builder("cleave.queue.wait")
            .description("Open to its KV slot, of sessions that got one")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofMinutes(1))
            .register(registry);
    Gauge.builder("cleave.queue.depth", queue, FairQueue::waiting)
        .description("Sessions that wait for a KV slot")
        .strongReference(true)
        .register(registry);
    watchLabels();
  }

  /** Has a gauge for each tenant that is named now; those that were named before stay. */
  public void watchLabels() {
    for (String label : policy.labels()) {
      if (!watched.add(label)) {
        continue;
      }
      Gauge.builder("cleave.tenant.sessions", () -> queue.held(it -> isCalled(it, label)))
          .description("Sessions that hold a KV slot, by tenant")
          .tag(TAG, label)
          .strongReference(true)
          .register(registry);
    }
  }

  /** A session got its slot after this long. */
  public void admitted(Duration waited) {
    waits.record(waited);
  }

  /** A call of this tenant ended with a documented error. */
  public void rejected(Tenant tenant) {
    Counter.builder("cleave.tenant.rejects")
        .description("Calls that ended with a documented error, by tenant")
        .tag(TAG, policy.label(tenant))
        .register(registry)
        .increment();
  }

  private boolean isCalled(Tenant tenant, String label) {
    return policy.label(tenant).equals(label);
  }
}
