package dev.cleave.server.tenant;

import io.grpc.Context;
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

  private static final Context.Key<Tenant> CURRENT =
      Context.keyWithDefault("cleave-tenant", ANONYMOUS);

  public Tenant {
    if (!NAME.matcher(name).matches()) {
      // Not repeated: it may be anything that somebody put into a token.
      throw new IllegalArgumentException(
          "a tenant's name has 1 to 64 letters, digits, dots, dashes and underscores");
    }
  }

  /** The tenant of the call whose handler asks; to be asked when the call starts. */
  public static Tenant current() {
    return CURRENT.get();
  }

  /** The context of a call of this tenant, for who has authenticated it. */
  public Context in(Context context) {
    return context.withValue(CURRENT, this);
  }
}
