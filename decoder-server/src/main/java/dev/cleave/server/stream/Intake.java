package dev.cleave.server.stream;

import dev.cleave.server.tenant.TenantMeter;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.function.BiConsumer;
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
  private final Throttle throttle;
  // Guarded by this:
  private int requested;
  private long heldUntilNanos;
  private long openSinceNanos;

  /**
   * What slows a client down that sends more than its tenant may in a second.
   *
   * @param meter of the tenant
   * @param later runs a task after a while
   * @param askForMore that task
   */
  record Throttle(TenantMeter meter, BiConsumer<Duration, Runnable> later, Runnable askForMore) {}

  /**
   * @param room how many messages are certain to find room; thread-safe
   */
  Intake(
      ServerCallStreamObserver<?> call,
      IntSupplier room,
      LongSupplier nanoClock,
      Throttle throttle) {
    this.call = call;
    this.room = room;
    this.nanoClock = nanoClock;
    this.throttle = throttle;
    this.openSinceNanos = nanoClock.getAsLong();
    this.heldUntilNanos = openSinceNanos;
  }

  /** A message with so many bytes of a frame was delivered, and the room it takes is taken. */
  void received(int bytes) {
    Duration wait = throttle.meter().received(bytes);
    synchronized (this) {
      requested--;
      if (!wait.isZero()) {
        heldUntilNanos = nanoClock.getAsLong() + wait.toNanos();
      }
    }
    if (!wait.isZero()) {
      throttle.later().accept(wait, throttle.askForMore());
    }
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

  /** For how long the client could have sent something; 0 while it is held back. */
  synchronized long openNanos() {
    return requested == 0 ? 0 : nanoClock.getAsLong() - openSinceNanos;
  }
}
