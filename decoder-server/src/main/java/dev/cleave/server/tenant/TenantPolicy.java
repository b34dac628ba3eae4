package dev.cleave.server.tenant;

/** What tenants may take of this server. Immutable. */
public record TenantPolicy() {
  /** No limits but the server's. */
  public static TenantPolicy unlimited() {
    return new TenantPolicy();
  }
}
