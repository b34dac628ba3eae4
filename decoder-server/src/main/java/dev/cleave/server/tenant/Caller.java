package dev.cleave.server.tenant;

import io.grpc.Context;
import java.time.Instant;

/**
 * Who calls, and for how long what they have shown for it counts. Immutable.
 *
 * @param until when the token that let the call in is over; {@link Instant#MAX} where none was
 *     asked for
 */
public record Caller(Tenant tenant, Instant until) {
  private static final Context.Key<Caller> CURRENT =
      Context.keyWithDefault("cleave-caller", new Caller(Tenant.ANONYMOUS, Instant.MAX));

  /** The caller of the call whose handler asks; to be asked when the call starts. */
  public static Caller current() {
    return CURRENT.get();
  }

  /** The context of a call of this caller, for who has authenticated it. */
  public Context in(Context context) {
    return context.withValue(CURRENT, this);
  }
}
