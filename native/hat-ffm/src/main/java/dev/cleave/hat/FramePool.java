package dev.cleave.hat;

import dev.cleave.hat.NativeFrame.State;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The buffers of a session: who has which. Memory that a transfer was given goes to nobody else
 * until that transfer has ended, however long after its caller has left. Thread-safe; no method
 * holds the lock for long, so that the library's thread may take it.
 */
final class FramePool {
  private final FrameShape shape;
  private final Arena arena;
  private final List<MemorySegment> names;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition someEnded = lock.newCondition();
  private final List<FrameBuffers> all = new ArrayList<>();
  private final Deque<FrameBuffers> free = new ArrayDeque<>();
  private int underWay;
  private int lost;
  private boolean closed;

  /**
   * A pool without frames.
   *
   * @param arena of the session, which closes it when nothing touches the buffers any more
   */
  FramePool(FrameShape shape, Arena arena) {
    this.shape = shape;
    this.arena = arena;
    this.names = shape.edges().stream().map(edge -> arena.allocateFrom(edge.name())).toList();
  }

  NativeFrame lease() {
    lock.lock();
    try {
      checkOpen();
      FrameBuffers buffers = free.poll();
      if (buffers == null) {
        buffers = new FrameBuffers(all.size() + 1, shape, names, arena);
        all.add(buffers);
      }
      return new NativeFrame(this, buffers);
    } finally {
      lock.unlock();
    }
  }

  MemorySegment buffer(NativeFrame frame, String edge) {
    int index = shape.indexOf(edge);
    lock.lock();
    try {
      checkOpen();
      checkLeased(frame);
      return frame.buffers.data(index);
    } finally {
      lock.unlock();
    }
  }

  void giveBack(NativeFrame frame) {
    lock.lock();
    try {
      State before = frame.state;
      if (before == State.LEASED) {
        free.push(frame.buffers);
      }
      if (before != State.LOST) {
        frame.state = State.CLOSED;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Gives the buffers to a transfer, before the library knows of it. */
  void begin(NativeTransfer transfer) {
    lock.lock();
    try {
      checkOpen();
      checkLeased(transfer.frame);
      transfer.frame.state = State.UNDER_WAY;
      transfer.frame.buffers.transfer = transfer;
      underWay++;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A transfer has ended, or was never given to the library: its buffers may be used again.
   *
   * @return whether there was one
   */
  boolean end(int ticket, int status) {
    lock.lock();
    try {
      FrameBuffers buffers = all.get(ticket - 1);
      NativeTransfer transfer = buffers.transfer;
      if (transfer == null) {
        return false;
      }
      buffers.transfer = null;
      transfer.ended = true;
      transfer.status = status;
      underWay--;
      if (transfer.frame.state == State.UNDER_WAY) {
        transfer.frame.state = State.LEASED;
      } else {
        if (transfer.frame.state == State.LOST) {
          lost--;
        }
        free.push(buffers);
      }
      someEnded.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The library has failed to launch a transfer after it was given its buffers: whatever of it is
   * still under way, nobody gets them before the session is closed.
   */
  void discard(NativeTransfer transfer, int status) {
    lock.lock();
    try {
      transfer.frame.buffers.transfer = null;
      transfer.frame.state = State.LOST;
      transfer.ended = true;
      transfer.status = status;
      underWay--;
      someEnded.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the end of a transfer. When it does not come in time, or the thread is interrupted,
   * the frame is lost to its caller.
   *
   * @return whether it has ended, and was not lost before
   */
  boolean await(NativeTransfer transfer, Deadline deadline) throws InterruptedException {
    lock.lock();
    try {
      while (!transfer.ended && !transfer.lost && deadline.left() > 0) {
        someEnded.awaitNanos(deadline.left());
      }
      return transfer.ended && !transfer.lost;
    } finally {
      if (!transfer.ended && !transfer.lost) {
        transfer.lost = true;
        transfer.frame.state = State.LOST;
        lost++;
      }
      lock.unlock();
    }
  }

  boolean ended(NativeTransfer transfer) {
    lock.lock();
    try {
      return transfer.ended;
    } finally {
      lock.unlock();
    }
  }

  /** Frames whose callers have left and whose transfers have not ended. */
  int lost() {
    lock.lock();
    try {
      return lost;
    } finally {
      lock.unlock();
    }
  }

  /** Gives nothing out any more. */
  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the end of all transfers, and ends those that were not told of for whoever waits.
   *
   * @param status for these
   * @return whether all had ended
   */
  boolean drain(Deadline deadline, int status) {
    lock.lock();
    try {
      boolean interrupted = false;
      while (underWay > 0 && deadline.left() > 0) {
        try {
          someEnded.awaitNanos(deadline.left());
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      boolean all = underWay == 0;
      for (FrameBuffers buffers : this.all) {
        end(buffers.ticket, status);
      }
      return all;
    } finally {
      lock.unlock();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the session of " + shape.model() + " is closed");
    }
  }

  private static void checkLeased(NativeFrame frame) {
    switch (frame.state) {
      case LEASED -> {}
      case UNDER_WAY -> throw new IllegalStateException("a transfer has the frame: await it first");
      case LOST ->
          throw new IllegalStateException(
              "the frame's transfer has failed and may still write: take another frame");
      case CLOSED -> throw new IllegalStateException("the frame is closed: take another");
    }
  }
}
