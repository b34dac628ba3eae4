package dev.cleave.server.call;

import dev.cleave.server.admission.Refused;
import dev.cleave.server.causal.SessionEnd;
import dev.cleave.server.causal.SessionSink;
import dev.cleave.server.metrics.ServerMetrics;
import dev.cleave.server.stream.Logits;
import dev.cleave.server.stream.Outbox;
import dev.cleave.server.stream.SessionHost;
import dev.cleave.v1.Done;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.WireReason;
import java.nio.FloatBuffer;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of one session's tokens from the engine's thread into the call's {@link Outbox}, and from
 * there straight to the transport: a token that waits for another thread is late.
 */
final class SessionAnswers implements SessionSink {

  private final Outbox outbox;
  private final ServerMetrics metrics;
  private final LongSupplier nanoClock;
  private final Runnable onProgress;
  private volatile long answeredNanos;
  private final AtomicInteger outstanding = new AtomicInteger();

  /**
   * @param onProgress runs when more may be received
   */
  SessionAnswers(
      Outbox outbox, ServerMetrics metrics, LongSupplier nanoClock, Runnable onProgress) {
    this.outbox = outbox;
    this.metrics = metrics;
    this.nanoClock = nanoClock;
    this.answeredNanos = nanoClock.getAsLong();
    this.onProgress = onProgress;
  }

  /** An answer is asked for. */
  void ask() {
    outstanding.incrementAndGet();
  }

  /** Whether the device waits for an answer, or for several. */
  boolean outstanding() {
    return outstanding.get() > 0;
  }

  /** When the last answer was given, or when there was none: the start. */
  long answeredNanos() {
    return answeredNanos;
  }

  @Override
  public void sampled(int position, int[] ids, @Nullable FloatBuffer logits) {
    Sampled.Builder sampled = Sampled.newBuilder().setPosition(position);
    for (int id : ids) {
      sampled.addIds(id);
    }
    if (logits != null) {
      if (outbox.queuedLogitsBytes() > Logits.MAX_QUEUED_BYTES) {
        refuse(Logits.unread());
        return;
      }
      sampled.setLogits(Logits.littleEndian(logits));
    }
    outbox.offer(ServerMessage.newBuilder().setSampled(sampled).build());
    answeredNanos = nanoClock.getAsLong();
    outstanding.decrementAndGet(); // before it is sent: the next question may follow at once
    outbox.drain();
    onProgress.run();
  }

  @Override
  public void room() {
    onProgress.run();
  }

  @Override
  public void ended(SessionEnd end) {
    switch (end) {
      case SessionEnd.Closed it -> done(FinishReason.CLOSED, it.tally());
      case SessionEnd.Stopped it -> done(FinishReason.CANCELLED, it.tally());
      case SessionEnd.EngineFailed() ->
          refuse(
              new Refused(
                  WireReason.INTERNAL,
                  "the model could not compute this session: try once more, then see its log"));
      case SessionEnd.HandedBack() -> conclude(SessionHost.handedBack());
      case SessionEnd.EngineLost() -> conclude(SessionHost.engineLost());
    }
    outbox.drain();
  }

  private void done(FinishReason reason, SessionEnd.Tally tally) {
    if (outbox.isCutOff()) {
      return; // the error that ended the call has been counted
    }
    metrics.ended(reason.name().toLowerCase(Locale.ROOT));
    outbox.offer(
        ServerMessage.newBuilder()
            .setDone(
                Done.newBuilder()
                    .setReason(reason)
                    .setTokens(tally.tokens())
                    .setFirstTokenNanos(tally.firstTokenNanos())
                    .setTotalNanos(tally.totalNanos()))
            .build());
    outbox.complete();
  }

  /** What was computed is worth its way: the client goes on from there. */
  private void conclude(Refused reason) {
    if (!outbox.isCutOff()) {
      metrics.rejected(reason.reason());
      outbox.conclude(reason.status());
    }
  }

  private void refuse(Refused reason) {
    if (outbox.isCutOff()) {
      return;
    }
    metrics.rejected(reason.reason());
    outbox.fail(reason.status());
    outbox.drain();
  }
}
