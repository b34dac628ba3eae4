package dev.cleave.server.causal;

import dev.cleave.server.tenant.Tenant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Whose turn it is to have rows in a step: start-time fair queueing (Goyal, Vin and Cheng, 1996). A
 * tenant's time runs by its rows over its weight, the tenant whose time is the least is next, and
 * who had all that it wanted goes on from the time of all, so that nobody saves up. Confined to the
 * owner thread.
 */
final class TenantTurns {

  private final Map<Tenant, Double> times = new HashMap<>();
  private Set<Tenant> behind = Set.of();
  private double time;

  /** A step begins in which these want rows. */
  void begin(Collection<Tenant> wanting) {
    for (Tenant tenant : wanting) {
      if (!behind.contains(tenant)) {
        times.merge(tenant, time, Math::max);
      }
    }
    // Who is ahead of the time of all has yet to wait for it, also when it comes back later.
    times.entrySet().removeIf(it -> !wanting.contains(it.getKey()) && it.getValue() <= time);
  }

  /** How far a tenant that takes part is. */
  double of(Tenant tenant) {
    return times.getOrDefault(tenant, time);
  }

  /** A tenant got rows. */
  void charge(Tenant tenant, int rows, int weight) {
    double start = of(tenant);
    time = Math.max(time, start);
    times.put(tenant, start + (double) rows / weight);
  }

  /** The step is full; these want more. */
  void end(Set<Tenant> wantingMore) {
    behind = Set.copyOf(wantingMore);
  }
}
