package dev.cleave.server.tenant;

import dev.cleave.server.ServerException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What tenants may take of this server, as a file says it, or without limits. Thread-safe; a file
 * is read again by {@link #refresh}.
 */
public final class TenantPolicy {

  private static final Logger LOG = LoggerFactory.getLogger(TenantPolicy.class);

  /** What tenants without a name of their own share in metrics, so that their number is bounded. */
  public static final String OTHERS = "other";

  private final @Nullable Path file;
  private volatile TenantTable table;
  private @Nullable String text; // guarded by this

  private TenantPolicy(TenantTable table, @Nullable Path file, @Nullable String text) {
    this.table = table;
    this.file = file;
    this.text = text;
  }

  /** No limits but the server's, for whoever calls. */
  public static TenantPolicy unlimited() {
    return of(Map.of(), TenantLimits.NONE);
  }

  /**
   * Limits that stay.
   *
   * @param others of those that are not named; null refuses them
   */
  public static TenantPolicy of(Map<Tenant, TenantLimits> named, @Nullable TenantLimits others) {
    return new TenantPolicy(new TenantTable(named, others), null, null);
  }

  /**
   * Limits from a file.
   *
   * @throws ServerException when the file cannot be read or says something else
   */
  public static TenantPolicy read(Path file) {
    String text = TenantFile.read(file);
    return new TenantPolicy(TenantFile.parse(file, text), file, text);
  }

  /** What this tenant may take; empty when it is not served here. */
  public Optional<TenantLimits> limits(Tenant tenant) {
    return Optional.ofNullable(table.limits(tenant));
  }

  /** What a tenant is called in metrics: its name if the operator has named it. */
  public String label(Tenant tenant) {
    return table.named().containsKey(tenant) ? tenant.name() : OTHERS;
  }

  /** All labels that there are now. */
  public List<String> labels() {
    return java.util.stream.Stream.concat(
            table.named().keySet().stream().map(Tenant::name).sorted(),
            java.util.stream.Stream.of(OTHERS))
        .toList();
  }

  /**
   * Reads the file again when it has changed. What is wrong with it is logged once, and the limits
   * stay as they were.
   */
  public synchronized void refresh() {
    if (file == null) {
      return;
    }
    String now;
    try {
      now = TenantFile.read(file);
    } catch (ServerException e) {
      now = ""; // gone or unreadable: told once, as any other text that is none
    }
    if (now.equals(text)) {
      return;
    }
    text = now;
    try {
      table = TenantFile.parse(file, now);
      LOG.info("tenants={} named={} outcome=reloaded", file, table.named().size());
    } catch (ServerException e) {
      LOG.error("tenants={} outcome=kept {}", file, e.getMessage());
    }
  }
}
