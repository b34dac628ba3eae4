package dev.cleave.server.stream;

import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.entrance.Entrance;
import dev.cleave.server.entrance.FairQueue;
import dev.cleave.server.entrance.SessionTable;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.metrics.TenantMetrics;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.WireCodec;
import dev.cleave.wire.WireReason;
import java.util.function.LongSupplier;

/** What all calls of one server share. Thread-safe as far as its parts are, which all are. */
public record SessionHost(
    OpenPolicy policy,
    Entrance entrance,
    TimeLimits times,
    ServerMetrics metrics,
    TenantMetrics tenantMetrics,
    StreamClock clock,
    String serverName) {

  /** The calls that run. */
  public SessionTable table() {
    return entrance.table();
  }

  /** Nanoseconds that only ever grow. */
  public LongSupplier nanoClock() {
    return clock.nanos();
  }

  /** Who gets a slot. */
  FairQueue queue() {
    return entrance.queue();
  }

  ServerMessage opened(long session, StreamSpec codec, Tenancy tenancy) {
    var limits = policy.limits();
    var sizes = tenancy.limits().sizes();
    return ServerMessage.newBuilder()
        .setOpened(
            WireCodec.of(codec)
                .putInto(Opened.newBuilder())
                .setSession(session)
                .setWidth(codec.width())
                .setMaxPositionsPerFrame(policy.frames().positionsPerFrame(codec))
                .setMaxPromptPositions(
                    Math.min(limits.maxPromptPositions(), sizes.promptPositions()))
                .setMaxNewTokens(Math.min(limits.maxNewTokens(), sizes.newTokens()))
                .setServerName(serverName))
        .build();
  }

  /** What a session is told whose engine does not come back. */
  public static Refused engineLost() {
    return new Refused(
        WireReason.ENGINE_STUCK,
        "the engine of this server has stopped: open the session on another one and send again");
  }

  /** What a session is told that ends because the server does. */
  public static Refused handedBack() {
    return new Refused(
        WireReason.DRAINING, "the server closes: open the session on another one and send again");
  }
}
