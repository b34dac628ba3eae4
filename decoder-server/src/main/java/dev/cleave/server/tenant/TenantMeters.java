package dev.cleave.server.tenant;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** The meters of all tenants that have called of late. Thread-safe. */
public final class TenantMeters {

  /** Above this, those that have nothing to remember are forgotten. */
  private static final int MANY = 1024;

  private final LongSupplier nanoClock;
  private final Map<Tenant, TenantMeter> meters = new HashMap<>(); // guarded by this

  public TenantMeters(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /** The meter of a tenant; a new one when its rates have changed. */
  public synchronized TenantMeter of(Tenant tenant, TenantLimits limits) {
    TenantMeter meter = meters.get(tenant);
    if (meter == null || !meter.hasRates(limits.rates())) {
      if (meters.size() >= MANY) {
        meters.values().removeIf(TenantMeter::isFull);
      }
      meter = new TenantMeter(limits.rates(), nanoClock);
      meters.put(tenant, meter);
    }
    return meter;
  }

  synchronized int size() {
    return meters.size();
  }
}
