package dev.cleave.edge.replay;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.Protocol;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.edge.link.WireTally;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One session over as many streams as it takes. All state is guarded by one lock, which nobody
 * holds while waiting for a server. Whoever meets the loss of a stream first recovers, the others
 * wait for that; until it has succeeded the lost stream stays in its place.
 */
final class ReplayStream implements DecoderStream {
  /**
   * Answers that the caller has already and that are asked for ahead of the first of them: no more
   * than a stream takes unread, so that nobody waits for the other.
   */
  private static final int ASKED_AHEAD = 8;

  /**
   * What is remembered of the session.
   *
   * @param transcript for other servers
   * @param recording for other processes
   */
  record Books(Transcript transcript, Recording recording) {}

  private final Reopening reopening;
  private final Transcript transcript;
  private final Recording recording;
  private final Patience patience;
  private final Consumer<ReplayStream> onEnd;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Answers that came while the session was sent again. */
  private final ArrayDeque<ServerMessage> pending = new ArrayDeque<>();

  private final ReplayTally tally = new ReplayTally();
  private DecoderStream current;
  private @Nullable DecoderStream candidate;
  private @Nullable CleaveException over;
  private boolean recovering;
  private boolean cancelled;
  private boolean completed;
  private boolean promptSent;

  /** Threads that wait to be let in or to send. */
  private int connecting;

  private String lastServer = "";

  ReplayStream(
      Reopening reopening,
      Books books,
      Patience patience,
      DecoderStream first,
      Consumer<ReplayStream> onEnd) {
    this.reopening = reopening;
    this.transcript = books.transcript();
    this.recording = books.recording();
    this.patience = patience;
    this.current = first;
    this.onEnd = onEnd;
  }

  @Override
  public boolean send(Uplink asked) {
    DecoderStream stream;
    Uplink message;
    lock.lock();
    try {
      requireGoing();
      if (cancelled) {
        return false;
      }
      message = recording.sending(asked);
      transcript.keep(message);
      boolean sent = false;
      try {
        while (recovering) {
          sent = true; // by whoever recovers
          await();
        }
        requireGoing();
        stream = current;
      } catch (RuntimeException e) {
        transcript.takeBack();
        throw e;
      }
      tally.sent(message);
      promptSent |= message instanceof Uplink.EndOfPrompt;
      if (sent) {
        return !cancelled;
      }
      patience.arm(stream);
      connecting++;
    } finally {
      lock.unlock();
    }
    return send(stream, message);
  }

  private boolean send(DecoderStream stream, Uplink message) {
    boolean kept = true;
    try {
      while (true) {
        try {
          return stream.send(message);
        } catch (CleaveException e) {
          if (lost(stream, e)) {
            return true; // with all that was kept
          }
        }
      }
    } catch (StreamCancelled | CleaveException e) {
      kept = false;
      throw e;
    } finally {
      lock.lock();
      try {
        connecting--;
        if (!kept) {
          transcript.takeBack();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public Opened opened() {
    lock.lock();
    try {
      connecting++;
    } finally {
      lock.unlock();
    }
    try {
      while (true) {
        DecoderStream stream = standing();
        try {
          Opened opened = stream.opened();
          if (agree(stream, opened)) {
            return opened;
          }
        } catch (CleaveException e) {
          var _ = lost(stream, e);
        }
      }
    } finally {
      lock.lock();
      try {
        connecting--;
      } finally {
        lock.unlock();
      }
    }
  }

  private boolean agree(DecoderStream stream, Opened opened) {
    lock.lock();
    try {
      requireGoing();
      if (!isCurrent(stream)) {
        return false;
      }
      reopening.agreed(opened);
      recording.opened(opened);
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public ServerMessage next() {
    while (true) {
      DecoderStream stream = standing();
      ServerMessage message = takePending();
      if (message != null) {
        return message;
      }
      try {
        message = stream.next();
      } catch (CleaveException e) {
        var _ = lost(stream, e);
        continue;
      }
      lock.lock();
      try {
        if (isCurrent(stream) && isNew(stream, message)) {
          return message;
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private @Nullable ServerMessage takePending() {
    lock.lock();
    try {
      return pending.poll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether the caller has not got this from a server before; under the lock. */
  private boolean isNew(DecoderStream stream, ServerMessage message) {
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

  /** The stream in use, which may wait from now on; waits while there is none. */
  private DecoderStream standing() {
    lock.lock();
    try {
      while (recovering) {
        await();
      }
      requireGoing();
      patience.arm(current);
      return current;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Does what the failure of a stream asks for, and returns when the session goes on.
   *
   * @return whether it goes on with another stream; else the same may wait once more
   * @throws CleaveException when it does not go on
   */
  private boolean lost(DecoderStream stream, CleaveException failure) {
    CleaveException why = failure;
    lock.lock();
    try {
      while (recovering) {
        await();
      }
      requireGoing();
      if (!isCurrent(stream)) {
        return true;
      }
      if (cancelled) {
        throw new StreamCancelled();
      }
      if (Patience.isLimit(failure)) {
        patience.requireWanted();
        boolean waitsForServer = connecting > 0 || transcript.owed();
        if (!patience.overspent() && !(waitsForServer && patience.windowIsOver())) {
          patience.arm(stream);
          return false;
        }
        why = patience.stalled();
      }
      recovering = true;
    } finally {
      lock.unlock();
    }
    try {
      recover(why);
      return true;
    } finally {
      lock.lock();
      try {
        recovering = false;
        if (candidate != null) {
          candidate.close();
          tally.replaced(candidate.tally());
          candidate = null;
        }
        if (over != null || completed) {
          transcript.close();
        }
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void recover(CleaveException failure) {
    CleaveException why = failure;
    while (true) {
      Open request = prepare(why);
      try {
        DecoderStream next = reopening.open(request, patience.left());
        offer(next);
        replay(next, request);
        return;
      } catch (CleaveException e) {
        why = dropped(e);
      } catch (StreamCancelled e) {
        throw unwanted();
      }
    }
  }

  /** Counts an attempt and waits until its time has come. */
  private Open prepare(CleaveException why) {
    lock.lock();
    try {
      requireStillWanted();
      if (!current.serverName().isEmpty()) {
        reopening.attempts().opened();
      }
      current.fail(why);
      patience.lost();
      long wait;
      if (!transcript.isWhole()) {
        throw end(reopening.attempts().keptTooLittle(why));
      }
      try {
        wait = reopening.attempts().next(why);
      } catch (CleaveException e) {
        throw end(e);
      }
      long end = System.nanoTime() + wait;
      while (true) {
        requireStillWanted();
        if (patience.overspent()) {
          throw end(patience.overspent(why));
        }
        long left = patience.capped(end - System.nanoTime());
        if (left <= 0) {
          Open request = reopening.request();
          recording.attempt(request.getAttempt());
          return request;
        }
        var _ = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  /** A stream that may take the place of the one that was lost. */
  private void offer(DecoderStream next) {
    lock.lock();
    try {
      candidate = next;
      requireStillWanted();
      transcript.rewind();
      pending.clear();
      patience.arm(next);
    } finally {
      lock.unlock();
    }
  }

  /** Sends all that was kept, and puts the stream in the place of the one that was lost. */
  private void replay(DecoderStream next, Open request) {
    Opened opened = next.opened();
    lock.lock();
    try {
      reopening.requireFits(opened);
      tally.again(new Uplink.OpenSession(request));
    } finally {
      lock.unlock();
    }
    while (true) {
      Uplink message;
      int ahead;
      lock.lock();
      try {
        requireStillWanted();
        patience.arm(next);
        message = transcript.next();
        if (message == null) {
          take(next);
          return;
        }
        tally.again(message);
        ahead = transcript.owedAgain() - ASKED_AHEAD;
      } finally {
        lock.unlock();
      }
      if (!next.send(message)) {
        throw new StreamCancelled();
      }
      for (; ahead >= 0; ahead--) {
        ServerMessage answer = next.next();
        lock.lock();
        try {
          if (isNew(next, answer)) {
            pending.add(answer);
          }
        } finally {
          lock.unlock();
        }
      }
    }
  }

  private void take(DecoderStream next) {
    tally.replaced(current.tally());
    if (!current.serverName().isEmpty()) {
      lastServer = current.serverName();
    }
    current = next;
    candidate = null;
    if (!transcript.owed()) {
      patience.progressed(); // whatever comes next is up to the caller
    }
  }

  /** Drops a candidate, where there may be another, and says why. */
  private CleaveException dropped(CleaveException failure) {
    lock.lock();
    try {
      requireGoing();
      CleaveException why = failure;
      if (Patience.isLimit(failure)) {
        patience.requireWanted();
        why = patience.stalled();
      }
      if (candidate != null) {
        candidate.fail(why);
        tally.replaced(candidate.tally());
        candidate = null;
      }
      return why;
    } finally {
      lock.unlock();
    }
  }

  /** Why a candidate was cancelled. */
  private RuntimeException unwanted() {
    lock.lock();
    try {
      requireStillWanted();
      return end(Protocol.broken("it answered before it opened the session"));
    } catch (StreamCancelled e) {
      return e;
    } finally {
      lock.unlock();
    }
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
      completed = true;
      current.complete();
      recording.erase();
      release();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void cancel() {
    lock.lock();
    try {
      if (!cancelled && !completed && over == null) {
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
      if (over == null) {
        recording.erase(); // nobody wants it any more
      }
      if (!completed) {
        var _ =
            end(
                CleaveException.fatal(
                    Code.CLOSED, "the generation was closed before its end", "start a new one"));
      }
      current.close();
      release();
    } finally {
      lock.unlock();
    }
  }

  /** The session ends with this, unless it has ended; under the lock. */
  private CleaveException end(CleaveException failure) {
    if (over == null && !completed) {
      over = failure;
    }
    if (candidate != null) {
      candidate.fail(failure);
    }
    release();
    changed.signalAll();
    return failure;
  }

  /** Under the lock. A journal that is left here may be resumed: the session has failed. */
  private void release() {
    recording.leave();
    if (!recovering) {
      transcript.close();
    }
    onEnd.accept(this);
  }

  @Override
  public boolean promptSent() {
    lock.lock();
    try {
      return promptSent;
    } finally {
      lock.unlock();
    }
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
    DecoderStream stream;
    lock.lock();
    try {
      stream = current;
    } finally {
      lock.unlock();
    }
    stream.awaitEnd();
  }

  @SuppressWarnings("ReferenceEquality") // which one it is
  private boolean isCurrent(DecoderStream stream) {
    return stream == current;
  }

  private void requireGoing() {
    if (over != null) {
      throw over;
    }
  }

  private void requireStillWanted() {
    requireGoing();
    if (cancelled) {
      throw new StreamCancelled();
    }
    patience.requireWanted();
  }

  /** Waits for whoever recovers; callers loop. */
  @SuppressWarnings("WaitNotInLoop")
  private void await() {
    try {
      changed.await();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private CleaveException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return end(
        CleaveException.fatal(
                Code.CLOSED,
                "the thread was interrupted while it waited for the server",
                "generate again")
            .causedBy(e));
  }
}
