package dev.cleave.server.cli;

import dev.cleave.server.tenant.TenantPolicy;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What tenants may take. */
final class TenantOptions {

  @Option(
      names = "--tenants",
      paramLabel = "FILE",
      description = {
        "JSON: what each tenant may take, by name, and \"*\" for all others; without it unknown ones"
            + " are refused. Read again within seconds of a change. For example",
        "{\"clinic\": {\"weight\": 3, \"sessions\": 8, \"kv_positions\": 65536,"
            + " \"requests_per_second\": 5, \"burst\": 10},",
        " \"*\": {\"bytes_per_second\": 2000000, \"prompt_positions\": 512, \"new_tokens\": 256}}",
        "What is not named is not limited (default: no limits by tenant)."
      })
  private @Nullable Path file;

  /**
   * What the file says, or no limits.
   *
   * @throws dev.cleave.server.ServerException when it cannot be read or says something else
   */
  TenantPolicy policy() {
    return file == null ? TenantPolicy.unlimited() : TenantPolicy.read(file);
  }
}
