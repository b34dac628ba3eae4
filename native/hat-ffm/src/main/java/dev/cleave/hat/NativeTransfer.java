package dev.cleave.hat;

import java.time.Duration;

/** A transfer under way. Its state is guarded by the pool that its frame is from. */
final class NativeTransfer implements HatTransfer {
  final NativeFrame frame;
  private final NativeSession session;
  boolean ended;

  /** The library has it, or had it: told by whoever launches, to itself. */
  boolean given;

  /** Its caller waits no more. */
  boolean lost;

  int status;

  NativeTransfer(NativeSession session, NativeFrame frame) {
    this.session = session;
    this.frame = frame;
  }

  @Override
  public void await(Duration timeout) {
    session.await(this, Deadline.in(timeout));
  }

  @Override
  public boolean done() {
    return frame.pool.ended(this);
  }
}
