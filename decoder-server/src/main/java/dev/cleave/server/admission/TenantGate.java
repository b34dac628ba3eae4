package dev.cleave.server.admission;

import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantLimits;
import dev.cleave.server.tenant.TenantMeter;
import dev.cleave.server.tenant.TenantMeters;
import dev.cleave.server.tenant.TenantPolicy;
import dev.cleave.wire.WireReason;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Lets the requests of tenants pass, as often as they may come. Thread-safe. */
public final class TenantGate {

  private final TenantPolicy policy;
  private final TenantMeters meters;

  public TenantGate(TenantPolicy policy, LongSupplier nanoClock) {
    this.policy = policy;
    this.meters = new TenantMeters(nanoClock);
  }

  /**
   * Counts one request.
   *
   * @throws Refused when the tenant is not served here, or has asked too often
   */
  public Tenancy enter(Tenant tenant) {
    TenantLimits limits =
        policy
            .limits(tenant)
            .orElseThrow(() ->
                new Refused(
                        WireReason.TENANT_REFUSED,
                        "tenant %s is not served here: use its own server".formatted(tenant.name()))
                    .with("tenant", tenant.name()));
    TenantMeter meter = meters.of(tenant, limits);
    Duration wait = meter.request();
    if (!wait.isZero()) {
      throw quota(
              tenant,
              "requests_per_second",
              Double.toString(limits.rates().requests()),
              "asked more often than")
          .retryAfter(wait);
    }
    return new Tenancy(tenant, limits, meter);
  }

  /** What a tenant is told that reached a limit of its own. */
  public static Refused quota(Tenant tenant, String field, String limit, String what) {
    return new Refused(
            WireReason.QUOTA_EXCEEDED,
            "tenant %s %s its %s of %s: wait, or use another server"
                .formatted(tenant.name(), what, field, limit))
        .with("tenant", tenant.name())
        .with("field", field)
        .with("limit", limit);
  }
}
