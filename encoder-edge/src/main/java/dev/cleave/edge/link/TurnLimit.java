package dev.cleave.edge.link;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.time.Duration;
import java.util.Optional;

/**
 * How long one turn of a session may wait for the server: until its deadline, or until nobody wants
 * it any more. The stream outlives it. Thread-safe.
 */
public final class TurnLimit {
  /** No limit. */
  public static final TurnLimit NONE = new TurnLimit(Optional.empty());

  private final Optional<Duration> allowed;
  private final long startNanos = System.nanoTime();
  private volatile boolean cancelled;

  private TurnLimit(Optional<Duration> allowed) {
    this.allowed = allowed;
  }

  /** A limit that begins now; without a duration only {@link #cancel} ends it. */
  public static TurnLimit of(Optional<Duration> allowed) {
    return new TurnLimit(allowed);
  }

  /** Ends it; whoever waits already learns that from {@link DecoderStream#wake}. */
  public void cancel() {
    if (this == NONE) {
      throw new IllegalStateException("the limit that is none cannot be cancelled");
    }
    cancelled = true;
  }

  /** Whether nobody wants the turn any more. */
  public boolean cancelled() {
    return cancelled;
  }

  /** Whether the deadline has passed. */
  public boolean expired() {
    return hasDeadline() && leftNanos() <= 0;
  }

  /**
   * Returns while there is something left.
   *
   * @throws StreamCancelled when nobody wants the turn any more
   * @throws CleaveException with {@link Code#DEADLINE} when the deadline has passed
   */
  public void requireLeft() {
    if (cancelled) {
      throw new StreamCancelled();
    }
    if (expired()) {
      throw CleaveException.of(
          Code.DEADLINE,
          Category.RETRY,
          "generation failed: the deadline of %d ms passed"
              .formatted(allowed.orElse(Duration.ZERO).toMillis()),
          "allow more time, or ask for fewer tokens");
    }
  }

  /** What is left, below 0 once it has passed; empty without a deadline. */
  public Optional<Duration> left() {
    return allowed.isPresent() ? Optional.of(Duration.ofNanos(leftNanos())) : Optional.empty();
  }

  boolean hasDeadline() {
    return allowed.isPresent();
  }

  long leftNanos() {
    return allowed.orElse(Duration.ZERO).toNanos() - (System.nanoTime() - startNanos);
  }
}
