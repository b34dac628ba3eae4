package dev.cleave.server.entrance;

import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptMemory;
import org.jspecify.annotations.Nullable;

/**
 * What a session needs before it may start, beside a KV slot. Immutable.
 *
 * @param <M> the memory that takes what it sends
 */
public interface Claim<M extends PromptMemory> {

  /** Positions of KV; 0 where slots are of one size. */
  int kvPositions();

  /** Bytes of that memory. */
  long memoryBytes();

  /** Allocates the memory, owned by the caller; null when the budget has no room for it now. */
  @Nullable M allocate(PromptBudget budget);
}
