package dev.cleave.server.stream;

import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * How many messages a session lets the transport deliver: as many as are certain to find room. What
 * the client sends beyond them waits in the transport, whose flow control stops it. Thread-safe.
 */
public final class Intake {

  /** Enough that the end of a prompt arrives with its last frame. */
  public static final int MOST_MESSAGES = 4;

  private final ServerCallStreamObserver<?> call;
  private final IntSupplier room;
  private final LongSupplier nanoClock;
  // Guarded by this:
  private int requested;
  private long heldUntilNanos;
  private long openSinceNanos;

  /**
   * @param room how many messages are certain to find room; thread-safe
   */
  Intake(ServerCallStreamObserver<?> call, IntSupplier room, LongSupplier nanoClock) {
    this.call = call;
    this.room = room;
    this.nanoClock = nanoClock;
    this.openSinceNanos = nanoClock.getAsLong();
    this.heldUntilNanos = openSinceNanos;
  }

  /** A message was delivered, and the room it takes is taken. */
  synchronized void received() {
    requested--;
  }

  /** Asks for what there is room for. */
  synchronized void ask() {
    if (heldUntilNanos - nanoClock.getAsLong() > 0) {
      return;
    }
    int more = Math.min(MOST_MESSAGES, room.getAsInt()) - requested;
    if (more > 0) {
      openSinceNanos = requested == 0 ? nanoClock.getAsLong() : openSinceNanos;
      requested += more;
      call.request(more);
    }
  }

  /** Asks for nothing for this long. */
  synchronized void hold(Duration time) {
    heldUntilNanos = nanoClock.getAsLong() + time.toNanos();
  }

  /** For how long the client could have sent something; 0 while it is held back. */
  synchronized long openNanos() {
    return requested == 0 ? 0 : nanoClock.getAsLong() - openSinceNanos;
  }
}
