package dev.cleave.server.call;

import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.admission.SessionTable;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.WireCodec;
import dev.cleave.wire.WireReason;
import java.util.function.LongSupplier;

/** What all calls of one server share. Thread-safe as far as its parts are, which all are. */
public record SessionHost(
    OpenPolicy policy,
    KvSlots slots,
    PromptBudget prompts,
    ServerMetrics metrics,
    LongSupplier nanoClock,
    String serverName,
    SessionTable table) {

  /**
   * A slot with room for this many positions of KV.
   *
   * @throws Refused when there is none now
   */
  KvSlots.Lease takeSlot(int positions) {
    KvSlots.Lease lease = slots.tryTake(positions);
    if (lease != null) {
      return lease;
    }
    Refused full =
        slots.free() == 0
            ? new Refused(
                    WireReason.NO_KV_ROOM,
                    "all %d sessions of this server are taken".formatted(slots.total()))
                .with("sessions", slots.total())
            : new Refused(
                    WireReason.NO_KV_ROOM,
                    "%d positions of KV are asked for, %d are free now: reserve fewer or wait"
                        .formatted(positions, slots.freePositions()))
                .with("kv_positions", slots.freePositions());
    throw full.retryAfter(slots.retryDelay());
  }

  Refused noPromptRoom() {
    return new Refused(
            WireReason.NO_KV_ROOM,
            "prompts in transit hold all %d bytes set aside for them"
                .formatted(prompts.limitBytes()))
        .with("prompt_bytes", prompts.limitBytes())
        .retryAfter(slots.retryDelay());
  }

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

  static Refused handedBack() {
    return new Refused(
        WireReason.DRAINING, "the server closes: open the session on another one and send again");
  }
}
