package dev.cleave.server.entrance;

import dev.cleave.server.admission.Refused;
import dev.cleave.server.admission.TenantGate;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptMemory;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantLimits;
import dev.cleave.wire.WireReason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who gets a KV slot, and who waits for one. Thread-safe.
 *
 * <p>A slot that comes free goes to the waiting tenant that holds the least for its weight, and
 * within a tenant to who came first; see {@link TenantShare}. Whoever is next but finds too few
 * positions free is not overtaken by a smaller one, else it would wait for ever. A session that
 * takes over from an older stream of its own goes before all others: what it gets is what it has
 * just given back.
 */
public final class FairQueue {

  /** Of shorter ones so many come that their order evens out by itself. */
  private static final long MIN_SESSION_NANOS = 1_000_000;

  private final KvSlots slots;
  private final PromptBudget prompts;
  private final QueueLimits limits;
  private final Executor executor;
  private final LongSupplier nanoClock;
  // Guarded by this:
  private final Map<Tenant, TenantShare> shares = new LinkedHashMap<>();
  private final List<Ticket<?>> ahead = new ArrayList<>();
  private int waiting;
  private long passedNanos;

  /**
   * @param executor tells those that waited
   */
  public FairQueue(
      KvSlots slots,
      PromptBudget prompts,
      QueueLimits limits,
      Executor executor,
      LongSupplier nanoClock) {
    this.slots = slots;
    this.prompts = prompts;
    this.limits = limits;
    this.executor = executor;
    this.nanoClock = nanoClock;
    this.passedNanos = nanoClock.getAsLong();
    prompts.onRelease(this::serveLater);
  }

  /**
   * Takes a place, and what the claim names if it is there for this tenant now.
   *
   * @param predecessor of an older stream of the same session, to be gone before this is served
   * @throws Refused when the claim is for more than there is at all or than the tenant may have at
   *     once, or when too many wait
   */
  public <M extends PromptMemory> Ticket<M> enter(
      Tenancy tenancy, Claim<M> claim, @Nullable Ticket<?> predecessor, Ticket.Calls calls) {
    if (claim.kvPositions() > slots.totalPositions()
        || claim.memoryBytes() > prompts.limitBytes()) {
      throw noRoom(claim); // it would wait in vain, and who is behind it as well
    }
    Ticket<M> ticket = new Ticket<>(this, tenancy, claim, predecessor, calls);
    List<Ticket<?>> served;
    synchronized (this) {
      pass();
      int own = predecessor == null ? -1 : predecessor.entitlement();
      requireQuota(ticket, own);
      queue(ticket, own >= claim.kvPositions());
      served = serve();
      if (ticket.isWaiting() && own < 0) {
        requirePlace(ticket);
      }
    }
    served.remove(ticket); // who has just come sees for itself
    tell(served);
    return ticket;
  }

  /** Sessions that wait for a slot. */
  public synchronized int waiting() {
    return waiting;
  }

  /** Slots that tenants hold. */
  public synchronized int held(Predicate<Tenant> which) {
    int held = 0;
    for (Map.Entry<Tenant, TenantShare> entry : shares.entrySet()) {
      held += which.test(entry.getKey()) ? entry.getValue().sessions() : 0;
    }
    return held;
  }

  /** What who cannot be served is told. */
  public Refused noRoom(Claim<?> claim) {
    Refused full;
    if (slots.free() == 0) {
      full =
          noRoom("all %d sessions of this server are taken".formatted(slots.total()))
              .with("sessions", slots.total());
    } else if (!slots.hasRoom(claim.kvPositions())) {
      full =
          noRoom(
                  "%d positions of KV are asked for, %d are free now: reserve fewer or wait"
                      .formatted(claim.kvPositions(), slots.freePositions()))
              .with("kv_positions", slots.freePositions());
    } else {
      full =
          noRoom(
                  "prompts in transit hold all %d bytes set aside for them, or others came before"
                      .formatted(prompts.limitBytes()))
              .with("prompt_bytes", prompts.limitBytes());
    }
    return full.retryAfter(slots.retryDelay());
  }

  private static Refused noRoom(String message) {
    return new Refused(WireReason.NO_KV_ROOM, message);
  }

  /** Looks for who can be served, unless nobody waits. Never blocks. */
  void serveLater() {
    if (waiting() > 0) {
      executor.execute(() -> {
        List<Ticket<?>> served;
        synchronized (this) {
          served = serve();
        }
        tell(served);
      });
    }
  }

  /** A ticket waits no more; under the lock. */
  void leave(Ticket<?> ticket) {
    pass();
    waiting--;
    ahead.remove(ticket);
    TenantShare share = share(ticket);
    share.waitsNoMore(ticket);
    dropIfUnused(ticket, share);
  }

  /** A ticket's slot was given back; under the lock. */
  void holdsNoMore(Ticket<?> ticket) {
    pass();
    TenantShare share = share(ticket);
    share.holdsNoMore(ticket);
    dropIfUnused(ticket, share);
  }

  private void queue(Ticket<?> ticket, boolean isAhead) {
    TenantShare share = share(ticket);
    share.waits(ticket);
    waiting++;
    if (isAhead) {
      ahead.add(ticket);
    } else {
      share.line.add(ticket);
    }
  }

  /** Grants as long as the next one finds room; under the lock. */
  private List<Ticket<?>> serve() {
    pass();
    List<Ticket<?>> served = new ArrayList<>();
    Ticket<?> next = next();
    while (next != null && next.tryServe(slots, prompts)) {
      // First, so that its tenant is not forgotten between the two.
      share(next).holds(next);
      leave(next);
      served.add(next);
      next = next();
    }
    return served;
  }

  private @Nullable Ticket<?> next() {
    for (Ticket<?> ticket : ahead) {
      if (ticket.predecessorIsGone()) {
        return ticket;
      }
    }
    Ticket<?> best = null;
    double least = Double.POSITIVE_INFINITY;
    for (TenantShare share : shares.values()) {
      Ticket<?> first = share.first();
      if (first != null && share.weighted() < least) {
        best = first;
        least = share.weighted();
      }
    }
    return best;
  }

  private void tell(List<Ticket<?>> served) {
    // Elsewhere: who calls may hold the lock of a call of its own.
    served.forEach(ticket -> executor.execute(ticket.calls().granted()));
  }

  private void requireQuota(Ticket<?> ticket, int own) {
    TenantLimits.Held limit = ticket.tenancy().limits().held();
    TenantShare share = share(ticket);
    String broken = share.broken(limit, ticket.claim().kvPositions(), own);
    dropIfUnused(ticket, share);
    if (broken != null) {
      throw quota(
          ticket, broken, broken.equals("sessions") ? limit.sessions() : limit.kvPositions());
    }
  }

  /** It has no slot: it may wait, unless too many do. */
  private void requirePlace(Ticket<?> ticket) {
    int ofOne = Math.min(limits.ofOne(), ticket.tenancy().limits().held().waiting());
    if (share(ticket).waitingSessions() > ofOne) {
      leave(ticket);
      throw quota(ticket, "waiting", ofOne);
    }
    if (waiting > limits.inAll()) {
      leave(ticket);
      throw noRoom(ticket.claim()).with("waiting", limits.inAll());
    }
  }

  private Refused quota(Ticket<?> ticket, String field, long limit) {
    return TenantGate.quota(
            ticket.tenancy().tenant(),
            field,
            Long.toString(limit),
            "holds, or waits for, as much as")
        .retryAfter(slots.retryDelay());
  }

  private TenantShare share(Ticket<?> ticket) {
    return shares.computeIfAbsent(
        ticket.tenancy().tenant(), _ -> new TenantShare(slots.total(), slots.totalPositions()));
  }

  private void dropIfUnused(Ticket<?> ticket, TenantShare share) {
    if (share.isUnused()) {
      shares.remove(ticket.tenancy().tenant());
    }
  }

  /** Counts what was held since the last change; before anything changes. */
  private void pass() {
    long now = nanoClock.getAsLong();
    double sessionTimes =
        (double) (now - passedNanos) / Math.max(MIN_SESSION_NANOS, slots.meanHeld().toNanos());
    passedNanos = now;
    double weights = 0;
    for (TenantShare share : shares.values()) {
      weights += share.weight();
    }
    for (TenantShare share : shares.values()) {
      share.pass(sessionTimes, share.weight() / weights);
    }
  }
}
