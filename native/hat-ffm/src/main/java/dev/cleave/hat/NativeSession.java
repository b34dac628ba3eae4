package dev.cleave.hat;

import static dev.cleave.hat.HatException.Category.FATAL;
import static dev.cleave.hat.HatException.Category.RETRY;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_OPERATION_ABORTED;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_QUEUE_IS_FULL;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_SUCCESS;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_TIMEOUT;

import dev.cleave.hat.ffi.cleave_hat_done;
import dev.cleave.hat.ffi.cleave_hat_h;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A session behind its handle. Every transfer is launched without waiting, and waited for here: so
 * its end is told even after its caller has left, and until then its memory is kept apart.
 *
 * <p>Transfers that timed out keep their places in the queue. When they have taken all, the session
 * must be opened anew: they are as many as it keeps.
 */
final class NativeSession implements HatSession {
  private static final Logger LOG = System.getLogger(NativeSession.class.getName());

  /** What the library gives itself for closing; to be exceeded only where it breaks its word. */
  private static final Duration CLOSING = Duration.ofSeconds(10);

  private final cleave_hat_h calls;
  private final Statuses statuses;
  private final Handle handle;
  private final FrameShape shape;
  private final Arena arena;
  private final FramePool pool;
  private final MemorySegment done;
  private final int queueSize;
  private final Semaphore room;
  private final ReentrantLock launching = new ReentrantLock();
  private final ReentrantLock closing = new ReentrantLock();
  private boolean closed;

  private NativeSession(
      cleave_hat_h calls, Statuses statuses, Handle handle, FrameShape shape, Arena arena) {
    this.calls = calls;
    this.statuses = statuses;
    this.handle = handle;
    this.shape = shape;
    this.arena = arena;
    this.pool = new FramePool(shape, arena);
    this.queueSize = readQueueSize();
    this.room = new Semaphore(queueSize, true);
    this.done = cleave_hat_done.allocate(this::ended, arena);
  }

  /** Takes the handle; closes it when this fails. */
  static NativeSession of(cleave_hat_h calls, Statuses statuses, Handle handle, FrameShape shape) {
    // Shared: the chip and the library's thread write, callers of any thread read.
    Arena arena = Arena.ofShared();
    try {
      return new NativeSession(calls, statuses, handle, shape, arena);
    } catch (RuntimeException | Error e) {
      handle.close(calls::cleave_hat_session_close);
      arena.close();
      throw e;
    }
  }

  private int readQueueSize() {
    String what = "asking how many transfers %s takes at once".formatted(shape.model());
    try (Arena local = Arena.ofConfined()) {
      MemorySegment out = local.allocate(ValueLayout.JAVA_INT);
      statuses.check(
          handle.call(session -> calls.cleave_hat_session_queue_size(session, out)), what);
      return Math.max(1, out.get(ValueLayout.JAVA_INT, 0));
    }
  }

  @Override
  public int queueSize() {
    return queueSize;
  }

  @Override
  public HatFrame frame() {
    return pool.lease();
  }

  @Override
  public void run(HatFrame frame, Duration timeout) {
    Deadline deadline = Deadline.in(timeout);
    await(launch(frame, deadline), deadline);
  }

  @Override
  public HatTransfer start(HatFrame frame, Duration timeout) {
    return launch(frame, Deadline.in(timeout));
  }

  private NativeTransfer launch(HatFrame frame, Deadline deadline) {
    if (!(frame instanceof NativeFrame leased) || leased.pool != pool) {
      throw new IllegalArgumentException("the frame is of another session: take one of this");
    }
    NativeTransfer transfer = new NativeTransfer(this, leased);
    pool.begin(transfer);
    boolean place = false;
    try {
      place = room.tryAcquire(deadline.left(), TimeUnit.NANOSECONDS);
      if (!place || !launching.tryLock(deadline.left(), TimeUnit.NANOSECONDS)) {
        throw noRoom();
      }
      try {
        launchInTurn(transfer, deadline);
      } finally {
        launching.unlock();
      }
      return transfer;
    } catch (InterruptedException e) {
      throw interrupted("waiting for room to launch a frame of " + shape.model());
    } finally {
      if (!transfer.given) {
        pool.end(leased.buffers.ticket, CLEAVE_HAT_OPERATION_ABORTED);
        if (place) {
          room.release();
        }
      }
    }
  }

  /** One at a time: between the two calls nobody else may take the room. */
  private void launchInTurn(NativeTransfer transfer, Deadline deadline) {
    MemorySegment session = handle.enter();
    try {
      awaitRoom(session, deadline);
      transfer.given = true;
      launchNow(session, transfer);
    } finally {
      handle.exit();
    }
  }

  private void awaitRoom(MemorySegment session, Deadline deadline) {
    int status = calls.cleave_hat_session_wait_ready(session, 1, deadline.leftMillis());
    if (status == CLEAVE_HAT_TIMEOUT) {
      throw noRoom();
    }
    if (status != CLEAVE_HAT_SUCCESS) {
      throw launchFailed(status);
    }
  }

  private void launchNow(MemorySegment session, NativeTransfer transfer) {
    FrameBuffers buffers = transfer.frame.buffers;
    int status =
        calls.cleave_hat_session_run_async(
            session, buffers.description, buffers.count(), done, buffers.context);
    if (status == CLEAVE_HAT_SUCCESS) {
      return;
    }
    if (status == CLEAVE_HAT_QUEUE_IS_FULL) {
      pool.end(buffers.ticket, status);
    } else {
      pool.discard(transfer, status);
    }
    room.release();
    throw launchFailed(status);
  }

  private HatException launchFailed(int status) {
    String what = "launching a frame of " + shape.model();
    HatException failure = statuses.failure(status, what);
    // What is given is right, it is the library's own: so the failure has shut the session down.
    return failure.category() == FATAL
        ? statuses.reopen(status, what, "this shuts the session down: close it and open it anew")
        : failure;
  }

  /** On the library's thread: nothing slow, and nothing thrown. */
  private void ended(MemorySegment context, int status) {
    try {
      if (pool.end((int) context.address(), status)) {
        room.release();
      }
    } catch (Throwable e) {
      LOG.log(Level.ERROR, "event=transfer-end-lost status=" + status, e);
    }
  }

  /** Waits for a transfer and throws what became of it. */
  void await(NativeTransfer transfer, Deadline deadline) {
    boolean ended;
    try {
      ended = pool.await(transfer, deadline);
    } catch (InterruptedException e) {
      throw interrupted("running a frame of " + shape.model());
    }
    if (ended && transfer.status == CLEAVE_HAT_SUCCESS) {
      return;
    }
    String what = "running a frame of " + shape.model();
    if (!ended) {
      throw statuses.timeout(
          what, "its buffers are kept apart until it has ended: try again with another frame");
    }
    throw statuses.failure(transfer.status, what);
  }

  private HatException noRoom() {
    String what = "waiting for room to launch a frame of " + shape.model();
    if (pool.lost() >= queueSize) {
      return statuses.reopen(
          CLEAVE_HAT_TIMEOUT,
          what,
          "all %d places are taken by transfers that timed out: close the session and open it anew"
              .formatted(queueSize));
    }
    return statuses.timeout(what, "try again when a transfer has ended");
  }

  private static HatException interrupted(String what) {
    Thread.currentThread().interrupt();
    return new HatException(
        RETRY, what, 0, "", "the thread was interrupted: try again with another frame");
  }

  /** Frames that are kept apart. */
  int lostFrames() {
    return pool.lost();
  }

  @Override
  public void close() {
    closing.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      pool.close();
      boolean quiet = false;
      try {
        // Wakes whoever waits in the library, and ends what is under way; whether it can matters
        // not.
        handle.call(calls::cleave_hat_session_shutdown);
        handle.close(calls::cleave_hat_session_close);
        quiet = pool.drain(Deadline.in(CLOSING), CLEAVE_HAT_OPERATION_ABORTED);
      } finally {
        if (quiet) {
          arena.close();
        } else {
          // What was not told of may still be: its memory and the function to tell must stay.
          pool.drain(Deadline.in(Duration.ZERO), CLEAVE_HAT_OPERATION_ABORTED);
          LOG.log(
              Level.WARNING,
              "event=session-closed transfers=unended memory=kept model=" + shape.model());
        }
      }
    } finally {
      closing.unlock();
    }
  }
}
