package dev.cleave.server.stream;

import dev.cleave.server.admission.Refused;
import dev.cleave.server.entrance.NamedSessions;
import dev.cleave.server.entrance.SessionKey;
import dev.cleave.server.entrance.Ticket;
import dev.cleave.server.entrance.TrackedCall;
import dev.cleave.server.session.PromptMemory;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.v1.Open;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The way of one stream to what its session needs: past an older stream of the same session, and
 * through the queue. Guarded by the stream's lock.
 */
final class Arrival {

  /** An older stream gives its slot back within a step of the engine; this is many of them. */
  private static final Duration LEAST_WAIT_FOR_OWN = Duration.ofSeconds(10);

  /** A place in the queue, for at most this long. */
  record Place<M extends PromptMemory>(
      Tenancy tenancy, Opening<M> opening, Ticket<M> ticket, long sinceNanos, long patienceNanos) {

    boolean isGranted() {
      return ticket.isGranted();
    }

    boolean mayWait() {
      return patienceNanos > 0;
    }

    boolean isOver(long nowNanos) {
      return nowNanos - sinceNanos > patienceNanos;
    }

    Exchange start(Line line) {
      return opening.start(line, ticket.take());
    }

    Refused noRoom(SessionHost host) {
      return host.queue().noRoom(opening);
    }
  }

  private final SessionHost host;
  private final TrackedCall call;
  private final Runnable granted;
  private NamedSessions.@Nullable Entry name;
  private @Nullable Ticket<?> ticket;

  /**
   * @param granted runs when a place is granted that was not at once
   */
  Arrival(SessionHost host, TrackedCall call, Runnable granted) {
    this.host = host;
    this.call = call;
    this.granted = granted;
  }

  /** Makes this the newest stream of its session, ends the one before, and takes a place. */
  Place<?> enter(Tenancy payer, Open message, Opening<?> opening) {
    NamedSessions.Entry before = takeOver(payer, message);
    return place(payer, opening, before == null ? null : before.call().ticket());
  }

  private NamedSessions.@Nullable Entry takeOver(Tenancy payer, Open message) {
    if (message.getSessionHigh() == 0 && message.getSessionLow() == 0) {
      return null;
    }
    NamedSessions.Entry mine =
        new NamedSessions.Entry(
            new SessionKey(payer.tenant(), message.getSessionHigh(), message.getSessionLow()),
            message.getAttempt(),
            call);
    NamedSessions.Entry before = host.table().named().enter(mine);
    name = mine;
    if (before != null) {
      before.call().takenOver();
      host.metrics().takenOver();
    }
    return before;
  }

  private <M extends PromptMemory> Place<M> place(
      Tenancy payer, Opening<M> opening, @Nullable Ticket<?> predecessor) {
    Duration patience = host.times().queue();
    if (predecessor != null && patience.compareTo(LEAST_WAIT_FOR_OWN) < 0) {
      patience = LEAST_WAIT_FOR_OWN;
    }
    Ticket<M> mine =
        host.queue()
            .enter(payer, opening, predecessor, new Ticket.Calls(granted, this::forgetName));
    ticket = mine;
    return new Place<>(payer, opening, mine, host.nanoClock().getAsLong(), patience.toNanos());
  }

  /** The session starts: this attempt cannot be used again. */
  void arrived() {
    NamedSessions.Entry mine = name;
    if (mine != null) {
      host.table().named().useUp(mine);
    }
  }

  /** Its place in the queue, or what it holds; null before it has one. */
  @Nullable Ticket<?> ticket() {
    return ticket;
  }

  /** Gives up the place, or what was granted and not taken; the name goes with what it holds. */
  void leave() {
    Ticket<?> place = ticket;
    if (place != null) {
      place.withdraw();
    } else {
      forgetName();
    }
  }

  private void forgetName() {
    NamedSessions.Entry mine = name;
    if (mine != null) {
      host.table().named().leave(mine);
    }
  }
}
