package dev.cleave.server.cli;

import dev.cleave.server.entrance.QueueLimits;
import dev.cleave.server.rpc.ServerConfig;
import dev.cleave.server.tenant.TenantPolicy;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the server is shared by those who want it. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class SharingOptions {

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--tenants",
      paramLabel = "FILE",
      description = {
        "JSON: what each tenant may take, by name, and \"*\" for all others; without it unknown ones"
            + " are refused. Read again within seconds of a change. For example",
        "{\"clinic\": {\"weight\": 3, \"sessions\": 8, \"waiting\": 4, \"kv_positions\": 65536,"
            + " \"requests_per_second\": 5, \"burst\": 10},",
        " \"*\": {\"bytes_per_second\": 2000000, \"prompt_positions\": 512, \"new_tokens\": 256}}",
        "What is not named is not limited (default: no limits by tenant)."
      })
  private @Nullable Path file;

  @Option(
      names = "--queue",
      paramLabel = "N",
      defaultValue = "256",
      description =
          "Opens that may wait for a KV slot, at most 65536; who comes then is refused at once"
              + " (default: ${DEFAULT-VALUE}).")
  private int queue;

  @Option(
      names = "--queue-per-tenant",
      paramLabel = "N",
      description =
          "Of these, for one tenant; \"waiting\" in --tenants can only lower it (default: a quarter"
              + " of --queue).")
  private @Nullable Integer queuePerTenant;

  /**
   * What was asked for.
   *
   * @throws ParameterException when a number is out of range
   * @throws dev.cleave.server.ServerException when the file of tenants cannot be read or says
   *     something else
   */
  ServerConfig.Sharing sharing() {
    QueueLimits limits;
    try {
      limits =
          queuePerTenant == null ? QueueLimits.of(queue) : new QueueLimits(queue, queuePerTenant);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--queue, --queue-per-tenant: " + e.getMessage(), e);
    }
    return new ServerConfig.Sharing(
        file == null ? TenantPolicy.unlimited() : TenantPolicy.read(file), limits);
  }
}
