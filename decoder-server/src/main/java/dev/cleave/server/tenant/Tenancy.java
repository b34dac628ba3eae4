package dev.cleave.server.tenant;

/**
 * A tenant with what it may take, as it was when one of its calls came. Immutable, but for the
 * meter.
 */
public record Tenancy(Tenant tenant, TenantLimits limits, TenantMeter meter) {
  /** Whoever calls a server that asks for no token and has no limits for tenants. */
  public static Tenancy unlimited() {
    return new Tenancy(
        Tenant.ANONYMOUS,
        TenantLimits.NONE,
        new TenantMeter(TenantLimits.NONE.rates(), System::nanoTime));
  }
}
