package dev.cleave.server.stream;

import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.FairQueue;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.admission.SessionTable;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.WireCodec;
import dev.cleave.wire.WireReason;
import java.util.function.LongSupplier;

/** What all calls of one server share. Thread-safe as far as its parts are, which all are. */
public record SessionHost(
    OpenPolicy policy,
    FairQueue queue,
    TimeLimits times,
    ServerMetrics metrics,
    LongSupplier nanoClock,
    String serverName,
    SessionTable table) {

  ServerMessage opened(long session, StreamSpec codec) {
    var limits = policy.limits();
    return ServerMessage.newBuilder()
        .setOpened(
            WireCodec.of(codec)
                .putInto(Opened.newBuilder())
                .setSession(session)
                .setWidth(codec.width())
                .setMaxPositionsPerFrame(policy.frames().positionsPerFrame(codec))
                .setMaxPromptPositions(limits.maxPromptPositions())
                .setMaxNewTokens(limits.maxNewTokens())
                .setServerName(serverName))
        .build();
  }

  /** What a session is told that ends because the server does. */
  public static Refused handedBack() {
    return new Refused(
        WireReason.DRAINING, "the server closes: open the session on another one and send again");
  }
}
