package dev.cleave.server.cli;

import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.tenant.TenantPolicy;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What tenants may take. */
final class TenantOptions {

  @Option(
      names = "--queue-timeout",
      paramLabel = "SECONDS",
      defaultValue = "5",
      description =
          "How long an Open waits for a KV slot when all are taken; 0 refuses it at once"
              + " (default: ${DEFAULT-VALUE}).")
  private double queueTimeout;

  TenantPolicy policy() {
    return TenantPolicy.unlimited();
  }

  TimeLimits times() {
    return TimeLimits.DEFAULT.withQueue(Duration.ofNanos((long) (queueTimeout * 1e9)));
  }
}
