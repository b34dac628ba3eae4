package dev.cleave.edge.replay;

import dev.cleave.codec.FrameSpan;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.edge.link.WireTally;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a journal holds of a session, as the stream that it was: it takes what the device sends once
 * more and gives the answers that there were. Where the record ends, the stream is lost, as when a
 * server dies: then the session goes on elsewhere. Thread-safe.
 */
final class RecordedStream implements DecoderStream {
  private final List<SessionJournal.Entry> entries;
  private final @Nullable Opened opened;
  private TurnLimit limit = TurnLimit.NONE;
  private int next;
  private boolean cancelled;
  private @Nullable CleaveException failure;

  RecordedStream(List<SessionJournal.Entry> past) {
    this.entries =
        past.stream()
            .filter(it ->
                it instanceof SessionJournal.Entry.Sent
                    || it instanceof SessionJournal.Entry.Answered)
            .toList();
    this.opened =
        past.stream()
            .filter(SessionJournal.Entry.Began.class::isInstance)
            .map(it -> ((SessionJournal.Entry.Began) it).opened())
            .findFirst()
            .orElse(null);
  }

  /**
   * What was sent where this is about to be: the server must get the very same bytes, also where
   * this device would code them otherwise today.
   *
   * @return null behind the end of the record
   */
  synchronized @Nullable Uplink recorded(Uplink message) {
    if (next >= entries.size()) {
      return null;
    }
    if (entries.get(next) instanceof SessionJournal.Entry.Sent(Uplink sent)
        && span(sent).equals(span(message))
        && sent.getClass() == message.getClass()) {
      return sent;
    }
    throw CleaveException.fatal(
        Code.JOURNAL,
        "the journal does not fit: the device would send something else today",
        "resume with the version and the options that the session began with, or generate again");
  }

  private static FrameSpan span(Uplink message) {
    return switch (message) {
      case Uplink.Hidden(ByteBuffer frame) -> FrameSpan.of(frame);
      case Uplink.Step(ByteBuffer frame) -> FrameSpan.of(frame);
      case Uplink.EndOfPrompt(int positions) -> new FrameSpan(positions, 0);
      case Uplink.OpenSession _, Uplink.Cancel _, Uplink.Invalid _ -> new FrameSpan(0, 0);
    };
  }

  @Override
  public synchronized boolean send(Uplink message) {
    requireGoing();
    if (cancelled) {
      return false;
    }
    if (next >= entries.size()) {
      throw ended();
    }
    next++;
    notifyAll();
    return true;
  }

  @Override
  public synchronized Opened opened() {
    requireGoing();
    if (cancelled) {
      throw new StreamCancelled();
    }
    if (opened == null) {
      throw ended();
    }
    return opened;
  }

  /** Waits until the device has sent what came before. */
  @Override
  public synchronized ServerMessage next() {
    while (true) {
      requireGoing();
      if (cancelled) {
        throw new StreamCancelled();
      }
      if (next >= entries.size()) {
        throw ended();
      }
      if (entries.get(next) instanceof SessionJournal.Entry.Answered(ServerMessage message)) {
        next++;
        return message;
      }
      limit.requireLeft();
      try {
        wait(Math.max(1, limit.left().map(Duration::toMillis).orElse(0L) + 1));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failure =
            CleaveException.fatal(
                    Code.CLOSED, "the thread was interrupted while it waited", "resume again")
                .causedBy(e);
      }
    }
  }

  private void requireGoing() {
    if (failure != null) {
      throw failure;
    }
  }

  private static CleaveException ended() {
    return CleaveException.of(
        Code.LINK, Category.REOPEN_SESSION, "the record of the session ends here", "open it again");
  }

  @Override
  public synchronized void limit(TurnLimit newLimit) {
    limit = newLimit;
    notifyAll();
  }

  @Override
  public synchronized void wake() {
    notifyAll();
  }

  @Override
  public void complete() {}

  @Override
  public synchronized void cancel() {
    cancelled = true;
    notifyAll();
  }

  @Override
  public synchronized void fail(CleaveException why) {
    if (failure == null) {
      failure = why;
    }
    notifyAll();
  }

  @Override
  public synchronized boolean promptSent() {
    return entries.subList(0, next).stream()
        .anyMatch(it ->
            it instanceof SessionJournal.Entry.Sent(Uplink sent)
                && sent instanceof Uplink.EndOfPrompt);
  }

  @Override
  public String serverName() {
    return opened == null ? "" : opened.getServerName();
  }

  @Override
  public WireTally tally() {
    return new WireTally(0, 0, 0, 0);
  }

  @Override
  public void awaitEnd() {}

  @Override
  public synchronized void close() {
    cancelled = true;
    notifyAll();
  }
}
