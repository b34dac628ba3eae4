package dev.cleave.server.session;

import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory that prompts may hold between Open and prefill. Thread-safe.
 *
 * <p>A prompt's whole buffer is charged at Open, so a client that announces much and sends nothing
 * costs what it announced, and no more than the budget is ever held.
 */
public final class PromptBudget {

  private final long limitBytes;
  private final AtomicLong heldBytes = new AtomicLong();
  private volatile Runnable onRelease = () -> {};

  public PromptBudget(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /**
   * Allocates a zeroed buffer for {@code positions} rows, owned by the caller until closed.
   *
   * @return null when the budget has no room for it now
   */
  public @Nullable PromptBuffer tryAllocate(int positions, int width) {
    long bytes = Math.multiplyExact((long) positions * Float.BYTES, (long) width);
    if (!tryCharge(bytes)) {
      return null;
    }
    try {
      return new PromptBuffer(this, positions, width, Arena.ofShared());
    } catch (OutOfMemoryError e) {
      // Native memory ran out below the configured budget: a refusal, like a full budget.
      uncharge(bytes);
      return null;
    }
  }

  /** From now on this runs whenever memory has been given back, on the thread that did it. */
  public void onRelease(Runnable listener) {
    onRelease = listener;
  }

  /** Bytes held now. */
  public long heldBytes() {
    return heldBytes.get();
  }

  /** The most bytes that may be held. */
  public long limitBytes() {
    return limitBytes;
  }

  boolean tryCharge(long bytes) {
    if (bytes > limitBytes) {
      return false;
    }
    if (heldBytes.addAndGet(bytes) > limitBytes) {
      uncharge(bytes);
      return false;
    }
    return true;
  }

  /** Takes a charge back that never held anything. */
  void uncharge(long bytes) {
    heldBytes.addAndGet(-bytes);
  }

  void release(long bytes) {
    uncharge(bytes);
    onRelease.run();
  }
}
