package dev.cleave.edge.replay;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.edge.link.WireTally;
import dev.cleave.v1.ServerMessage;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one session, and what may be said to it at any time. One lock guards all of it,
 * which nobody holds while waiting for a server. {@link ReplayStream} sends and reads, {@link
 * Rescue} finds another stream where one is lost.
 */
abstract sealed class ReplaySession implements DecoderStream permits ReplayStream {

  /**
   * What is remembered of the session.
   *
   * @param transcript for other servers
   * @param recording for other processes
   */
  record Books(Transcript transcript, Recording recording) {}

  final ReentrantLock lock = new ReentrantLock();

  /** Signalled where a thread that waits for this session has to look again. */
  final Condition changed = lock.newCondition();

  final Reopening reopening;
  final Transcript transcript;
  final Recording recording;
  final Patience patience;
  final ReplayTally tally = new ReplayTally();

  /** Answers that came while the session was sent again. */
  final ArrayDeque<ServerMessage> pending = new ArrayDeque<>();

  private final Consumer<ReplaySession> onEnd;

  /** The stream in use; one that is lost stays in its place until another has it. */
  volatile DecoderStream current;

  /** The one that may take its place. */
  @Nullable DecoderStream candidate;

  boolean recovering;
  boolean cancelled;
  String lastServer = "";
  private @Nullable CleaveException over;
  private boolean completed;

  /**
   * A session on its first stream.
   *
   * @param onEnd told once it has ended
   */
  ReplaySession(
      Reopening reopening,
      Books books,
      Patience patience,
      DecoderStream first,
      Consumer<ReplaySession> onEnd) {
    this.reopening = reopening;
    this.transcript = books.transcript();
    this.recording = books.recording();
    this.patience = patience;
    this.current = first;
    this.onEnd = onEnd;
  }

  @Override
  public void limit(TurnLimit limit) {
    lock.lock();
    try {
      patience.limit(limit);
      patience.arm(current);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void wake() {
    lock.lock();
    try {
      patience.wake();
      current.wake();
      if (candidate != null) {
        candidate.wake();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void complete() {
    lock.lock();
    try {
      boolean ends = !ended();
      completed = true;
      current.complete();
      recording.erase();
      if (ends) {
        release();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void cancel() {
    lock.lock();
    try {
      if (!cancelled && !ended()) {
        cancelled = true;
        current.cancel();
        if (candidate != null) {
          candidate.cancel();
        }
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void fail(CleaveException failure) {
    lock.lock();
    try {
      var _ = end(failure);
      current.fail(failure);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!ended()) {
        recording.erase(); // nobody wants it any more
        var _ =
            end(
                CleaveException.fatal(
                    Code.CLOSED, "the generation was closed before its end", "start a new one"));
      }
      current.close();
    } finally {
      lock.unlock();
    }
  }

  /** The session ends with this, unless it has ended; under the lock. */
  CleaveException end(CleaveException failure) {
    if (!ended()) {
      over = failure;
      release();
    }
    if (candidate != null) {
      candidate.fail(failure);
    }
    changed.signalAll();
    return failure;
  }

  private boolean ended() {
    return over != null || completed;
  }

  /** Once, under the lock. A journal that is left here may be resumed: the session has failed. */
  private void release() {
    recording.leave();
    if (!recovering) {
      transcript.close();
    }
    onEnd.accept(this);
  }

  /** Whoever recovered is done, well or not; under the lock. */
  void recovered() {
    recovering = false;
    if (candidate != null) {
      candidate.close();
      tally.replaced(candidate.tally());
      candidate = null;
    }
    if (ended()) {
      transcript.close();
    }
    changed.signalAll();
  }

  @Override
  public String serverName() {
    lock.lock();
    try {
      String name = current.serverName();
      return name.isEmpty() ? lastServer : name;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public WireTally tally() {
    lock.lock();
    try {
      return tally.with(current.tally(), candidate == null ? null : candidate.tally());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void awaitEnd() {
    current.awaitEnd(); // without the lock, for as long as that takes
  }

  /** Whether the caller has not got this from a server before; under the lock. */
  boolean isNew(DecoderStream stream, ServerMessage message) {
    requireGoing(); // it may have been left since the message came
    Transcript.Answer answer = transcript.take(message);
    if (answer == Transcript.Answer.NEW) {
      reopening.attempts().opened();
      reopening.attempts().progressed();
      patience.progressed();
      recording.answered(message, !(stream instanceof RecordedStream));
      return true;
    }
    if (answer == Transcript.Answer.OTHER && !cancelled) {
      throw end(
          CleaveException.fatal(
              Code.DIVERGED,
              "the session cannot go on: at %s the server %s does not answer what %s answered before"
                  .formatted(
                      Transcript.place(message), name(stream.serverName()), name(lastServer)),
              "let all servers run the same version, bundle, precision and kind of device"));
    }
    if (answer == Transcript.Answer.OTHER) {
      throw new StreamCancelled(); // an end that came before the server was where the caller is
    }
    return false;
  }

  private static String name(String server) {
    return server.isEmpty() ? "without a name" : server;
  }

  @SuppressWarnings("ReferenceEquality") // which one it is
  boolean isCurrent(DecoderStream stream) {
    return stream == current;
  }

  void requireGoing() {
    if (over != null) {
      throw over;
    }
  }

  void requireStillWanted() {
    requireGoing();
    if (cancelled) {
      throw new StreamCancelled();
    }
    patience.requireWanted();
  }

  /** Waits for whoever recovers. */
  void awaitRecovered() {
    try {
      while (recovering) {
        changed.await();
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    requireGoing();
  }

  CleaveException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return end(
        CleaveException.fatal(
                Code.CLOSED,
                "the thread was interrupted while it waited for the server",
                "generate again")
            .causedBy(e));
  }
}
