package dev.cleave.server.cli;

import dev.cleave.server.tenant.TenantPolicy;
import picocli.CommandLine.Command;

/** What tenants may take. */
@Command // says that it is a mixin, for as long as no option does
final class TenantOptions {

  TenantPolicy policy() {
    return TenantPolicy.unlimited();
  }
}
