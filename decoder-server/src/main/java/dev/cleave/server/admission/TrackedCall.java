package dev.cleave.server.admission;

/** A call as the server's clock and its shutdown see it. Thread-safe. */
public interface TrackedCall {

  /** Ends the call when its client keeps the server waiting too long. */
  void endIfIdle();

  /** Ends the call because the server drains, when that interrupts nothing. */
  void handBackIfQuiet();

  /** Ends the call because the server closes, unless its answer is on its way already. */
  void handBack();
}
