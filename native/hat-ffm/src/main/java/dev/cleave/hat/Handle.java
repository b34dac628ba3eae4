package dev.cleave.hat;

import static dev.cleave.hat.HatException.Category.FATAL;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_INVALID_OPERATION;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_SUCCESS;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.ToIntFunction;

/**
 * A handle of the library and its life: calls share it, and closing waits for them, as the library
 * asks. Thread-safe.
 */
final class Handle {
  private final Statuses statuses;
  private final MemorySegment address;
  private final String name;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  /**
   * Takes the handle.
   *
   * @param name for messages
   */
  Handle(Statuses statuses, MemorySegment address, String name) {
    this.statuses = statuses;
    this.address = address;
    this.name = name;
  }

  /** Makes a call with the handle and gives its status. */
  int call(ToIntFunction<MemorySegment> call) {
    MemorySegment entered = enter();
    try {
      return call.applyAsInt(entered);
    } finally {
      exit();
    }
  }

  /** The handle, which stays open until {@link #exit}: for calls that shall allocate nothing. */
  MemorySegment enter() {
    lock.readLock().lock();
    if (closed) {
      lock.readLock().unlock();
      throw new IllegalStateException(name + " is closed");
    }
    return address;
  }

  void exit() {
    lock.readLock().unlock();
  }

  /**
   * Closes it once.
   *
   * @return whether this call did
   * @throws IllegalStateException when something of it is open; then it stays open
   * @throws HatException when the library has failed; then it is gone, and memory that the library
   *     was given must stay
   */
  boolean close(ToIntFunction<MemorySegment> call) {
    lock.writeLock().lock();
    try {
      if (closed) {
        return false;
      }
      int status = call.applyAsInt(address);
      if (status == CLEAVE_HAT_INVALID_OPERATION) {
        throw new IllegalStateException(name + " is in use: close what was opened of it first");
      }
      closed = true;
      if (status != CLEAVE_HAT_SUCCESS) {
        throw new HatException(
            FATAL,
            "closing " + name,
            status,
            statuses.name(status),
            "the runtime hangs and may still write into this process: end it");
      }
      return true;
    } finally {
      lock.writeLock().unlock();
    }
  }
}
