package dev.cleave.server.call;

import dev.cleave.server.session.RowQueue;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.function.LongSupplier;

/**
 * How many messages a session lets the transport deliver: as many as are certain to find room, and
 * none while its client leaves answers unread. What the client sends beyond them waits in the
 * transport, whose flow control stops it. Thread-safe.
 */
final class Intake {

  /** Enough that the end of a prompt arrives with its last frame. */
  private static final int MOST_MESSAGES = 4;

  /** Extents of a full frame that a session's queue holds; each may be a message on its way. */
  static final int FRAMES = 4;

  private final ServerCallStreamObserver<?> call;
  private final RowQueue rows;
  private final int framePositions;
  private final Outbox outbox;
  private final LongSupplier nanoClock;
  // Guarded by this:
  private int requested;
  private long openSinceNanos;

  /**
   * @param framePositions the most that one frame carries
   */
  Intake(
      ServerCallStreamObserver<?> call,
      RowQueue rows,
      int framePositions,
      Outbox outbox,
      LongSupplier nanoClock) {
    this.call = call;
    this.rows = rows;
    this.framePositions = framePositions;
    this.outbox = outbox;
    this.nanoClock = nanoClock;
    this.openSinceNanos = nanoClock.getAsLong();
  }

  /** A message was delivered, and the room it takes is taken. */
  synchronized void received() {
    requested--;
  }

  /** Asks for what there is room for. */
  synchronized void ask() {
    if (!outbox.isEmpty()) {
      return;
    }
    int more = Math.min(MOST_MESSAGES, rows.extentsThatFit(framePositions)) - requested;
    if (more > 0) {
      openSinceNanos = requested == 0 ? nanoClock.getAsLong() : openSinceNanos;
      requested += more;
      call.request(more);
    }
  }

  /** For how long the client could have sent something; 0 while it is held back. */
  synchronized long openNanos() {
    return requested == 0 ? 0 : nanoClock.getAsLong() - openSinceNanos;
  }
}
