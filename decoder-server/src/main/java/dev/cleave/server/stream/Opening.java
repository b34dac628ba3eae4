package dev.cleave.server.stream;

import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.entrance.Claim;
import dev.cleave.server.entrance.Ticket;
import dev.cleave.server.session.PromptMemory;
import dev.cleave.v1.Open;

/**
 * An Open that was checked: what its session needs, and how it starts once it has that.
 *
 * @param <M> the memory that takes what the session sends
 */
public interface Opening<M extends PromptMemory> extends Claim<M> {

  /** Makes one of a message that has passed the checks that all kinds of models share. */
  @FunctionalInterface
  interface Rule {
    /**
     * Checks the rest.
     *
     * @throws dev.cleave.server.admission.Refused when this kind of model cannot serve it
     */
    Opening<?> check(Open message, OpenPolicy.Accepted accepted);
  }

  /** How the session's frames are coded. */
  StreamSpec codec();

  /** Starts the session, which owns what was granted from here on. Under the stream's lock. */
  Exchange start(Line line, Ticket.Granted<M> granted);
}
