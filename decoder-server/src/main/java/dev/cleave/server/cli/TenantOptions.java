package dev.cleave.server.cli;

import dev.cleave.server.tenant.TenantPolicy;

/** What tenants may take. */
final class TenantOptions {

  TenantPolicy policy() {
    return TenantPolicy.unlimited();
  }
}
