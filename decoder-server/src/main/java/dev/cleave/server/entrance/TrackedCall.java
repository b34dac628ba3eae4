package dev.cleave.server.entrance;

import org.jspecify.annotations.Nullable;

/** A call as the server's clock, its shutdown and other calls see it. Thread-safe. */
public interface TrackedCall {

  /** Its place in the queue, or what it holds; null when it has asked for none. */
  @Nullable Ticket<?> ticket();

  /** Ends the call when its client keeps the server waiting too long. */
  void endIfIdle();

  /** Ends the call because its device has opened the session again. */
  void takenOver();

  /** Ends the call because the server drains, when that interrupts nothing. */
  void handBackIfQuiet();

  /** Ends the call because nothing is computed for it any more. */
  void engineLost();

  /** Ends the call because the server closes, unless its answer is on its way already. */
  void handBack();
}
