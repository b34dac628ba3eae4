package dev.cleave.server.entrance;

import dev.cleave.server.tenant.TenantLimits;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What one tenant holds of the server and waits for, while it does either. Guarded by the queue.
 *
 * <p>Shares seldom come out even: there may be one slot for two tenants, or weights that do not
 * divide the slots. So each tenant has a credit, the mean by which it held less than its weight
 * gives it, over about the time of one session. It is at most {@value #MOST_CREDIT} slots either
 * way: who was alone for an hour owes nothing to who comes then, and nobody saves up.
 */
final class TenantShare {

  private static final double MOST_CREDIT = 2;

  /** In the order of their coming, without those that are ahead of all tenants. */
  final Deque<Ticket<?>> line = new ArrayDeque<>();

  private final double slots;
  private final double allPositions;
  private double credit;
  private int weight = 1;
  private int sessions;
  private long positions;
  private int waitingSessions;
  private long waitingPositions;

  /**
   * @param slots of the server
   * @param allPositions of KV of the server; 0 where slots are of one size
   */
  TenantShare(int slots, long allPositions) {
    this.slots = slots;
    this.allPositions = allPositions;
  }

  /** Counts one more that waits; the weight is that of the last who came. */
  void waits(Ticket<?> ticket) {
    weight = ticket.tenancy().limits().weight();
    waitingSessions++;
    waitingPositions += ticket.claim().kvPositions();
  }

  void waitsNoMore(Ticket<?> ticket) {
    waitingSessions--;
    waitingPositions -= ticket.claim().kvPositions();
    line.remove(ticket);
  }

  void holds(Ticket<?> ticket) {
    sessions++;
    positions += ticket.claim().kvPositions();
  }

  void holdsNoMore(Ticket<?> ticket) {
    sessions--;
    positions -= ticket.claim().kvPositions();
  }

  /** The first in line that may go; null when there is none. */
  @Nullable Ticket<?> first() {
    for (Ticket<?> ticket : line) {
      if (ticket.predecessorIsGone()) {
        return ticket;
      }
    }
    return null;
  }

  int sessions() {
    return sessions;
  }

  int waitingSessions() {
    return waitingSessions;
  }

  boolean isUnused() {
    return sessions == 0 && waitingSessions == 0;
  }

  int weight() {
    return weight;
  }

  /**
   * The name of the limit that one more session would break, or null.
   *
   * @param own positions of the session that it takes over from and that is still counted, or -1
   */
  @Nullable String broken(TenantLimits.Held limit, int kvPositions, int own) {
    if (sessions + waitingSessions + (own < 0 ? 1 : 0) > limit.sessions()) {
      return "sessions";
    }
    long held = positions + waitingPositions - Math.max(0, own);
    return held + kvPositions > limit.kvPositions() ? "kv_positions" : null;
  }

  /**
   * Counts what was held for a while.
   *
   * @param sessionTimes how long, in times that a session takes
   * @param due the part of the server that is its share
   */
  void pass(double sessionTimes, double due) {
    double most = MOST_CREDIT / slots;
    credit = Math.clamp(credit + (due - held()) * sessionTimes, -most, most);
  }

  /** What it holds for its weight, less its credit; the tenant with the least is next. */
  double weighted() {
    return (held() - credit) / weight;
  }

  /** Of the slots or of the positions, whichever is more. */
  private double held() {
    return Math.max(sessions / slots, allPositions == 0 ? 0 : positions / allPositions);
  }
}
