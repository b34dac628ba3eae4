package dev.cleave.hat;

/**
 * Native handles that were opened and not closed.
 *
 * @param transfers launched and not completed, those that timed out included
 */
public record OpenHandles(long devices, long models, long sessions, long transfers) {
  /** Nothing is open. */
  public static final OpenHandles NONE = new OpenHandles(0, 0, 0, 0);
}
