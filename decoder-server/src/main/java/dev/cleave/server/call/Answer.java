package dev.cleave.server.call;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.schedule.GenerationSink;
import dev.cleave.server.schedule.Outcome;
import dev.cleave.server.session.KvSlots;
import dev.cleave.v1.Done;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The way of one generation's tokens from the decoder's thread into the call's {@link Outbox}; owns
 * the session's KV slot from EndOfPrompt on.
 */
final class Answer implements GenerationSink {

  /** Logits are for parity checks; a client that asks for them and does not read is cut off. */
  static final long MAX_QUEUED_LOGITS_BYTES = 64L << 20;

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
      if (outbox.queuedLogitsBytes() > MAX_QUEUED_LOGITS_BYTES) {
        refuse(
            new Refused(
                WireReason.STEP_TIMEOUT,
                "the client leaves more than %d bytes of logits unread: read faster"
                    .formatted(MAX_QUEUED_LOGITS_BYTES)));
        return;
      }
      token.setLogits(littleEndian(logits));
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
      case Outcome.HandedBack _ -> refuse(handedBack());
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

  static Refused handedBack() {
    return new Refused(
        WireReason.DRAINING, "the server closes: open the session on another one and send again");
  }

  private void refuse(Refused reason) {
    refused = true;
    metrics.rejected(reason.reason());
    outbox.fail(reason.status());
  }

  private static ByteString littleEndian(FloatBuffer logits) {
    ByteBuffer bytes =
        ByteBuffer.allocate(logits.remaining() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(logits.duplicate());
    return UnsafeByteOperations.unsafeWrap(bytes);
  }
}
