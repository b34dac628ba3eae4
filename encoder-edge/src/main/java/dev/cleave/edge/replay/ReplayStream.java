package dev.cleave.edge.replay;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One session over as many streams as it takes: sends and reads on the one that stands. Whoever
 * meets its loss first recovers, the others wait for that; until it has succeeded the lost stream
 * stays in its place. Thread-safe as its interface says.
 */
final class ReplayStream extends ReplaySession {
  private final Rescue rescue = new Rescue(this);

  /** Threads that wait to be let in or to send. */
  private int connecting;

  private volatile boolean promptSent;

  ReplayStream(
      Reopening reopening,
      Books books,
      Patience patience,
      DecoderStream first,
      Consumer<ReplaySession> onEnd) {
    super(reopening, books, patience, first, onEnd);
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
      boolean sent;
      try {
        sent = recovering; // by whoever does
        awaitRecovered();
        stream = current;
      } catch (RuntimeException e) {
        transcript.takeBack();
        throw e;
      }
      tally.sent(message);
      if (message instanceof Uplink.EndOfPrompt) {
        promptSent = true;
      }
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

  /** The stream in use, which may wait from now on; waits while there is none. */
  private DecoderStream standing() {
    lock.lock();
    try {
      awaitRecovered();
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
      awaitRecovered();
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
      rescue.from(why);
      return true;
    } finally {
      lock.lock();
      try {
        recovered();
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public boolean promptSent() {
    return promptSent;
  }
}
