package dev.cleave.server.admission;

import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptMemory;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.wire.WireReason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Who gets a KV slot, and who waits for one. Thread-safe.
 *
 * <p>A slot that comes free goes to the waiting tenant that holds the least for its weight, and
 * within a tenant to who came first. Whoever is next but finds too few positions free is not
 * overtaken by a smaller one, else it would wait for ever. A session that takes over from an older
 * stream of its own goes before all others: what it gets is what it has just given back.
 */
public final class FairQueue {

  /** What a ticket is worth now. */
  private enum Stage {
    WAITING,
    GRANTED,
    TAKEN,
    OVER
  }

  /** What an admitted session owns. */
  public record Granted<M extends PromptMemory>(KvSlots.Lease slot, M memory) {}

  private final KvSlots slots;
  private final PromptBudget prompts;
  private final Executor executor;
  // Guarded by this:
  private final Map<Tenant, Share> shares = new LinkedHashMap<>();
  private final List<Ticket<?>> ahead = new ArrayList<>();
  private int waiting;
  private long entered;

  /**
   * @param executor tells those that waited
   */
  public FairQueue(KvSlots slots, PromptBudget prompts, Executor executor) {
    this.slots = slots;
    this.prompts = prompts;
    this.executor = executor;
    prompts.onRelease(this::serveLater);
  }

  /** What one tenant holds and waits for. Guarded by the queue. */
  private static final class Share {
    final ArrayDeque<Ticket<?>> waiting = new ArrayDeque<>();
    int sessions;
    long positions;

    /** The first that may go; null when there is none. */
    @Nullable Ticket<?> first() {
      for (Ticket<?> ticket : waiting) {
        if (ticket.predecessorGone()) {
          return ticket;
        }
      }
      return null;
    }

    boolean unused() {
      return sessions == 0 && waiting.isEmpty();
    }
  }

  /** The place of one session: first in the queue, then at what it was granted. Thread-safe. */
  public final class Ticket<M extends PromptMemory> {
    private final Tenant tenant;
    private final Claim<M> claim;
    private final Runnable onGranted;
    private final Runnable onGone;
    // Guarded by the queue:
    private long number;
    private @Nullable Ticket<?> predecessor;
    private Stage stage = Stage.WAITING;
    private @Nullable Granted<M> granted;

    private Ticket(
        Tenant tenant,
        Claim<M> claim,
        @Nullable Ticket<?> predecessor,
        Runnable onGranted,
        Runnable onGone) {
      this.tenant = tenant;
      this.claim = claim;
      this.predecessor = predecessor;
      this.onGranted = onGranted;
      this.onGone = onGone;
    }

    /** Whether {@link #take} gives something. */
    public boolean isGranted() {
      synchronized (FairQueue.this) {
        return stage == Stage.GRANTED;
      }
    }

    /** What was granted; the caller closes the slot as the last of it. Once. */
    public Granted<M> take() {
      synchronized (FairQueue.this) {
        if (stage != Stage.GRANTED) {
          throw new IllegalStateException("the ticket is " + stage);
        }
        stage = Stage.TAKEN;
        Granted<M> taken = Objects.requireNonNull(granted);
        granted = null;
        return taken;
      }
    }

    /** Gives up the place, and what was granted and not taken. Idempotent. */
    public void withdraw() {
      Granted<M> unused = null;
      synchronized (FairQueue.this) {
        switch (stage) {
          case WAITING -> {
            stage = Stage.OVER;
            unqueue(this);
          }
          case GRANTED -> unused = take();
          case TAKEN, OVER -> {
            return;
          }
        }
      }
      if (unused != null) {
        unused.memory().close();
        unused.slot().close();
      } else {
        gone();
      }
    }

    private boolean predecessorGone() {
      if (predecessor != null && predecessor.isGone()) {
        predecessor = null;
      }
      return predecessor == null;
    }

    private boolean isGone() {
      return stage == Stage.OVER && predecessorGone();
    }

    /** The positions that the session of this ticket may have back at once; -1 for none. */
    private int entitlement() {
      return switch (stage) {
        case GRANTED, TAKEN -> claim.kvPositions();
        case WAITING, OVER -> predecessor == null ? -1 : predecessor.entitlement();
      };
    }

    /** Takes all that the claim names, or nothing. */
    private boolean tryServe() {
      if (!slots.hasRoom(claim.kvPositions())) {
        return false;
      }
      M memory = claim.allocate(prompts);
      if (memory == null) {
        return false;
      }
      // Slots are taken under the queue's lock alone, so there is still room.
      KvSlots.Lease slot =
          Objects.requireNonNull(slots.tryTake(claim.kvPositions(), this::givenBack));
      granted = new Granted<>(slot, memory);
      stage = Stage.GRANTED;
      return true;
    }

    private void givenBack() {
      synchronized (FairQueue.this) {
        stage = Stage.OVER;
        Share share = share(tenant);
        share.sessions--;
        share.positions -= claim.kvPositions();
        dropIfUnused(tenant, share);
      }
      gone();
    }

    private void gone() {
      onGone.run();
      serveLater();
    }
  }

  /**
   * Takes a place, and what the claim names if it is there for this tenant now.
   *
   * @param predecessor of an older stream of the same session, to be gone before this is served
   * @param onGranted runs on the executor when the ticket is granted after this has returned
   * @param onGone runs when the ticket holds and awaits nothing any more
   * @throws Refused when the claim is for more than there is at all
   */
  public <M extends PromptMemory> Ticket<M> enter(
      Tenant tenant,
      Claim<M> claim,
      @Nullable Ticket<?> predecessor,
      Runnable onGranted,
      Runnable onGone) {
    if (claim.kvPositions() > slots.totalPositions()
        || claim.memoryBytes() > prompts.limitBytes()) {
      throw noRoom(claim); // it would wait in vain, and who is behind it as well
    }
    Ticket<M> ticket = new Ticket<>(tenant, claim, predecessor, onGranted, onGone);
    List<Ticket<?>> served;
    synchronized (this) {
      waiting++;
      ticket.number = entered++;
      if (predecessor != null && predecessor.entitlement() >= claim.kvPositions()) {
        ahead.add(ticket);
      } else {
        share(tenant).waiting.add(ticket);
      }
      served = serve();
    }
    served.remove(ticket);
    tell(served);
    return ticket;
  }

  /** Sessions that wait for a slot. */
  public synchronized int waiting() {
    return waiting;
  }

  /** What who cannot be served is told. */
  public Refused noRoom(Claim<?> claim) {
    Refused full;
    if (slots.free() == 0) {
      full =
          new Refused(
                  WireReason.NO_KV_ROOM,
                  "all %d sessions of this server are taken".formatted(slots.total()))
              .with("sessions", slots.total());
    } else if (!slots.hasRoom(claim.kvPositions())) {
      full =
          new Refused(
                  WireReason.NO_KV_ROOM,
                  "%d positions of KV are asked for, %d are free now: reserve fewer or wait"
                      .formatted(claim.kvPositions(), slots.freePositions()))
              .with("kv_positions", slots.freePositions());
    } else {
      full =
          new Refused(
                  WireReason.NO_KV_ROOM,
                  "prompts in transit hold all %d bytes set aside for them"
                      .formatted(prompts.limitBytes()))
              .with("prompt_bytes", prompts.limitBytes());
    }
    return full.retryAfter(slots.retryDelay());
  }

  private void serveLater() {
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

  private void tell(List<Ticket<?>> served) {
    // Elsewhere: who calls may hold the lock of a call of its own.
    served.forEach(ticket -> executor.execute(ticket.onGranted));
  }

  /** Grants as long as the next one finds room; under the lock. */
  private List<Ticket<?>> serve() {
    List<Ticket<?>> served = new ArrayList<>();
    Ticket<?> next = next();
    while (next != null && next.tryServe()) {
      unqueue(next);
      Share share = share(next.tenant);
      share.sessions++;
      share.positions += next.claim.kvPositions();
      served.add(next);
      next = next();
    }
    return served;
  }

  private @Nullable Ticket<?> next() {
    for (Ticket<?> ticket : ahead) {
      if (ticket.predecessorGone()) {
        return ticket;
      }
    }
    Ticket<?> best = null;
    double least = Double.POSITIVE_INFINITY;
    for (Share share : shares.values()) {
      Ticket<?> first = share.first();
      double load = first == null ? Double.POSITIVE_INFINITY : load(share);
      if (load < least || (load == least && isEarlier(first, best))) {
        best = first;
        least = load;
      }
    }
    return best;
  }

  private static boolean isEarlier(@Nullable Ticket<?> ticket, @Nullable Ticket<?> other) {
    return ticket != null && other != null && ticket.number < other.number;
  }

  /** The part of the server that a tenant holds: of its slots or of its positions, the larger. */
  private double load(Share share) {
    double ofSlots = (double) share.sessions / slots.total();
    return slots.totalPositions() == 0
        ? ofSlots
        : Math.max(ofSlots, (double) share.positions / slots.totalPositions());
  }

  private void unqueue(Ticket<?> ticket) {
    waiting--;
    if (!ahead.remove(ticket)) {
      Share share = share(ticket.tenant);
      share.waiting.remove(ticket);
      dropIfUnused(ticket.tenant, share);
    }
  }

  private Share share(Tenant tenant) {
    return shares.computeIfAbsent(tenant, _ -> new Share());
  }

  private void dropIfUnused(Tenant tenant, Share share) {
    if (share.unused()) {
      shares.remove(tenant);
    }
  }
}
