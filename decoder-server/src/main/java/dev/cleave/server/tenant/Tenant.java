package dev.cleave.server.tenant;

import java.util.regex.Pattern;

/**
 * On whose behalf a call comes. Immutable.
 *
 * @param name 1 to 64 letters, digits, dots, dashes and underscores
 */
public record Tenant(String name) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  /** Whoever calls a server that asks for no token. */
  public static final Tenant ANONYMOUS = new Tenant("anonymous");

  public Tenant {
    if (!NAME.matcher(name).matches()) {
      // Not repeated: it may be anything that somebody put into a token.
      throw new IllegalArgumentException(
          "a tenant's name has 1 to 64 letters, digits, dots, dashes and underscores");
    }
  }
}
