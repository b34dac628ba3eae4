package dev.cleave.hat;

import java.lang.foreign.MemorySegment;

/** A lease of buffers. Its state is guarded by the pool that they are from. */
final class NativeFrame implements HatFrame {
  /** Who may touch the buffers. */
  enum State {
    /** The caller. */
    LEASED,
    /** A transfer, and the caller thereafter. */
    UNDER_WAY,
    /** A transfer for which its caller waits no more; the pool thereafter. */
    LOST,
    /** The pool, or a transfer and the pool thereafter. */
    CLOSED
  }

  final FramePool pool;
  final FrameBuffers buffers;
  State state = State.LEASED;

  NativeFrame(FramePool pool, FrameBuffers buffers) {
    this.pool = pool;
    this.buffers = buffers;
  }

  @Override
  public MemorySegment buffer(String edge) {
    return pool.buffer(this, edge);
  }

  @Override
  public void close() {
    pool.giveBack(this);
  }
}
