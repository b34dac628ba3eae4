package dev.cleave.server.entrance;

import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptMemory;
import dev.cleave.server.tenant.Tenancy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The place of one session: first in the queue, then at what it was granted. Thread-safe; all of
 * its state is guarded by the queue's lock.
 */
public final class Ticket<M extends PromptMemory> {

  /**
   * What an admitted session owns.
   *
   * @param slot closed last, as the session is over with it
   */
  public record Granted<M extends PromptMemory>(KvSlots.Lease slot, M memory) {}

  /**
   * What the holder is told.
   *
   * @param granted on the queue's executor, when the ticket is granted after it was given out
   * @param gone when it holds and awaits nothing any more; any thread, never under the queue's lock
   */
  public record Calls(Runnable granted, Runnable gone) {}

  private enum Stage {
    WAITING,
    GRANTED,
    TAKEN,
    OVER
  }

  private final FairQueue queue;
  private final Tenancy tenancy;
  private final Claim<M> claim;
  private final Calls calls;
  private @Nullable Ticket<?> predecessor;
  private Stage stage = Stage.WAITING;
  private @Nullable Granted<M> granted;

  Ticket(
      FairQueue queue,
      Tenancy tenancy,
      Claim<M> claim,
      @Nullable Ticket<?> predecessor,
      Calls calls) {
    this.queue = queue;
    this.tenancy = tenancy;
    this.claim = claim;
    this.predecessor = predecessor;
    this.calls = calls;
  }

  Tenancy tenancy() {
    return tenancy;
  }

  Claim<M> claim() {
    return claim;
  }

  Calls calls() {
    return calls;
  }

  /** Whether {@link #take} gives something. */
  public boolean isGranted() {
    synchronized (queue) {
      return stage == Stage.GRANTED;
    }
  }

  /** What was granted, which is the caller's from here on. Once. */
  public Granted<M> take() {
    synchronized (queue) {
      if (stage != Stage.GRANTED) {
        throw new IllegalStateException("the ticket is " + stage);
      }
      stage = Stage.TAKEN;
      Granted<M> taken = Objects.requireNonNull(granted);
      granted = null;
      return taken;
    }
  }

  /** Gives up the place, or what was granted and not taken. Idempotent. */
  public void withdraw() {
    Granted<M> unused = null;
    synchronized (queue) {
      switch (stage) {
        case WAITING -> {
          stage = Stage.OVER;
          queue.leave(this);
        }
        case GRANTED -> unused = take();
        case TAKEN, OVER -> {
          return;
        }
      }
    }
    if (unused == null) {
      gone();
    } else {
      unused.memory().close();
      unused.slot().close();
    }
  }

  boolean isWaiting() {
    return stage == Stage.WAITING;
  }

  boolean predecessorIsGone() {
    if (predecessor != null && predecessor.isGone()) {
      predecessor = null;
    }
    return predecessor == null;
  }

  private boolean isGone() {
    return stage == Stage.OVER && predecessorIsGone();
  }

  /** The positions that this session has, or that an older stream of it has still; -1 for none. */
  int entitlement() {
    return switch (stage) {
      case GRANTED, TAKEN -> claim.kvPositions();
      case WAITING, OVER -> predecessor == null ? -1 : predecessor.entitlement();
    };
  }

  /** Takes all that the claim names, or nothing. By the queue alone. */
  boolean tryServe(KvSlots slots, PromptBudget prompts) {
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
    synchronized (queue) {
      stage = Stage.OVER;
      queue.holdsNoMore(this);
    }
    gone();
  }

  private void gone() {
    calls.gone().run();
    queue.serveLater();
  }
}
