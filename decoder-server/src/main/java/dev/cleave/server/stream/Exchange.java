package dev.cleave.server.stream;

import dev.cleave.server.admission.Refused;
import dev.cleave.wire.Uplink;

/**
 * One admitted session as its stream drives it, whichever kind of model it is of. Every method but
 * {@link #room} runs under the stream's lock.
 */
public interface Exchange {

  /**
   * What the client sent, any message but Open.
   *
   * @throws Refused when it may not come now, or is wrong: the stream then ends
   */
  void receive(Uplink message);

  /**
   * The client has closed its side.
   *
   * @throws Refused when it may not do that now
   */
  void clientClosed();

  /** Gives back what the session holds, or has its scheduler do so before the next step. */
  void stop();

  /** How many more messages are certain to find room. Thread-safe. */
  int room();

  /**
   * Whether the client has kept the server waiting too long.
   *
   * @param silentNanos for how long it could have sent something and did not
   */
  boolean isLate(long silentNanos);

  /** Whether a part of a prompt, or all of it, is still to come. */
  boolean awaitsPrompt();

  /** Whether nothing is under way: ending the session now interrupts no answer. */
  boolean isQuiet(long silentNanos);
}
