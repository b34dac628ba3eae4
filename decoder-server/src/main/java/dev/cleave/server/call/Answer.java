package dev.cleave.server.call;

import dev.cleave.server.admission.Refused;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.schedule.GenerationSink;
import dev.cleave.server.schedule.Outcome;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.stream.Logits;
import dev.cleave.server.stream.Outbox;
import dev.cleave.server.stream.SessionHost;
import dev.cleave.v1.Done;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import dev.cleave.wire.WireReason;
import java.nio.FloatBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The way of one generation's tokens from the decoder's thread into the call's {@link Outbox}; owns
 * the session's KV slot from EndOfPrompt on.
 */
final class Answer implements GenerationSink {

  private final Outbox outbox;
  private final KvSlots.Lease slot;
  private final ServerMetrics metrics;
  private boolean refused;

  Answer(Outbox outbox, KvSlots.Lease slot, ServerMetrics metrics) {
    this.outbox = outbox;
    this.slot = slot;
    this.metrics = metrics;
  }

  @Override
  public void token(int position, int id, @Nullable FloatBuffer logits) {
    if (refused) {
      return; // until the client's cancellation reaches the scheduler
    }
    Token.Builder token = Token.newBuilder().setPosition(position).setId(id);
    if (logits != null) {
      if (outbox.queuedLogitsBytes() > Logits.MAX_QUEUED_BYTES) {
        refuse(Logits.unread());
        return;
      }
      token.setLogits(Logits.littleEndian(logits));
    }
    outbox.offer(ServerMessage.newBuilder().setToken(token).build());
  }

  @Override
  public void flush() {
    outbox.drain();
  }

  @Override
  public void ended(Outcome outcome) {
    slot.close();
    switch (outcome) {
      case Outcome.Complete it ->
          done(
              switch (it.reason()) {
                case EOS -> FinishReason.EOS;
                case LENGTH -> FinishReason.LENGTH;
              },
              it.tokens(),
              it.firstTokenNanos(),
              it.totalNanos());
      case Outcome.Stopped it ->
          done(FinishReason.CANCELLED, it.tokens(), it.firstTokenNanos(), it.totalNanos());
      case Outcome.EngineFailed _ ->
          refuse(
              new Refused(
                  WireReason.INTERNAL,
                  "the decoder could not compute this session: try once more, then see its log"));
      case Outcome.HandedBack _ -> conclude(SessionHost.handedBack());
      case Outcome.EngineLost _ -> conclude(SessionHost.engineLost());
    }
  }

  /** The answer is complete: what follows the tokens queued so far. */
  void done(FinishReason reason, int tokens, long firstTokenNanos, long totalNanos) {
    if (outbox.isCutOff()) {
      return; // the error that ended the call has been counted
    }
    metrics.ended(reason.name().toLowerCase(Locale.ROOT));
    outbox.offer(
        ServerMessage.newBuilder()
            .setDone(
                Done.newBuilder()
                    .setReason(reason)
                    .setTokens(tokens)
                    .setFirstTokenNanos(firstTokenNanos)
                    .setTotalNanos(totalNanos))
            .build());
    outbox.complete();
  }

  /** What was computed is worth its way: the client goes on from there. */
  private void conclude(Refused reason) {
    if (!outbox.isCutOff()) {
      refused = true;
      metrics.rejected(reason.reason());
      outbox.conclude(reason.status());
    }
  }

  private void refuse(Refused reason) {
    refused = true;
    metrics.rejected(reason.reason());
    outbox.fail(reason.status());
  }
}
