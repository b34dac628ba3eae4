package dev.cleave.server.tenant;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The limits of all tenants at one time. Immutable.
 *
 * @param others of those that are not named; null refuses them
 */
record TenantTable(Map<Tenant, TenantLimits> named, @Nullable TenantLimits others) {
  TenantTable {
    named = Map.copyOf(named);
  }

  @Nullable TenantLimits limits(Tenant tenant) {
    return named.getOrDefault(tenant, others);
  }
}
