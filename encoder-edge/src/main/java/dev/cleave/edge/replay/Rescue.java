package dev.cleave.edge.replay;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.Protocol;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Brings a session whose stream is lost to another one: opens it again, sends what it has sent, and
 * holds the answers that come again against those that there were. Done by one thread at a time.
 */
final class Rescue {
  /**
   * Answers that the caller has already and that are asked for ahead of the first of them: no more
   * than a stream takes unread, so that nobody waits for the other.
   */
  private static final int ASKED_AHEAD = 8;

  private final ReplaySession session;
  private final ReentrantLock lock;

  Rescue(ReplaySession session) {
    this.session = session;
    this.lock = session.lock;
  }

  /**
   * Returns when the session has another stream.
   *
   * @param failure of the one that it had
   * @throws CleaveException when it gets none, which is its end
   */
  void from(CleaveException failure) {
    CleaveException why = failure;
    while (true) {
      Open request = prepare(why);
      try {
        DecoderStream next = session.reopening.open(request, session.patience.left());
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
      session.requireStillWanted();
      if (!session.current.serverName().isEmpty()) {
        session.reopening.attempts().opened();
      }
      session.current.fail(why);
      session.patience.lost();
      long wait;
      if (!session.transcript.isWhole()) {
        throw session.end(session.reopening.attempts().keptTooLittle(why));
      }
      try {
        wait = session.reopening.attempts().next(why);
      } catch (CleaveException e) {
        throw session.end(e);
      }
      long end = System.nanoTime() + wait;
      while (true) {
        session.requireStillWanted();
        if (session.patience.overspent()) {
          throw session.end(session.patience.overspent(why));
        }
        long left = session.patience.capped(end - System.nanoTime());
        if (left <= 0) {
          Open request = session.reopening.request();
          session.recording.attempt(request.getAttempt());
          return request;
        }
        var _ = session.changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      throw session.interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  /** A stream that may take the place of the one that was lost. */
  private void offer(DecoderStream next) {
    lock.lock();
    try {
      session.candidate = next;
      session.requireStillWanted();
      session.transcript.rewind();
      session.pending.clear();
      session.patience.arm(next);
    } finally {
      lock.unlock();
    }
  }

  /** Sends all that was kept, and puts the stream in the place of the one that was lost. */
  private void replay(DecoderStream next, Open request) {
    Opened opened = next.opened();
    lock.lock();
    try {
      session.reopening.requireFits(opened);
      session.tally.again(new Uplink.OpenSession(request));
    } finally {
      lock.unlock();
    }
    while (true) {
      Uplink message;
      int ahead;
      lock.lock();
      try {
        session.requireStillWanted();
        session.patience.arm(next);
        message = session.transcript.next();
        if (message == null) {
          take(next);
          return;
        }
        session.tally.again(message);
        ahead = session.transcript.owedAgain() - ASKED_AHEAD;
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
          if (session.isNew(next, answer)) {
            session.pending.add(answer);
          }
        } finally {
          lock.unlock();
        }
      }
    }
  }

  private void take(DecoderStream next) {
    session.tally.replaced(session.current.tally());
    if (!session.current.serverName().isEmpty()) {
      session.lastServer = session.current.serverName();
    }
    session.current = next;
    session.candidate = null;
    if (!session.transcript.owed()) {
      session.patience.progressed(); // whatever comes next is up to the caller
    }
  }

  /** Drops a candidate, where there may be another, and says why. */
  private CleaveException dropped(CleaveException failure) {
    lock.lock();
    try {
      session.requireGoing();
      CleaveException why = failure;
      if (Patience.isLimit(failure)) {
        session.patience.requireWanted();
        why = session.patience.stalled();
      }
      if (session.candidate != null) {
        session.candidate.fail(why);
        session.tally.replaced(session.candidate.tally());
        session.candidate = null;
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
      session.requireStillWanted();
      return session.end(Protocol.broken("it answered before it opened the session"));
    } catch (StreamCancelled e) {
      return e;
    } finally {
      lock.unlock();
    }
  }
}
