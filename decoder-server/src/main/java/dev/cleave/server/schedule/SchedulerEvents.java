package dev.cleave.server.schedule;

import java.time.Duration;

/** What the scheduler tells metrics; called on its owner thread, must not block. */
public interface SchedulerEvents {

  /** One decode step of {@code batch} sessions. */
  void stepped(int batch, Duration time);

  /** One prompt's cross-attention K and V were computed. */
  void prefilled(int positions, Duration time);

  /** The first token of an answer, {@code time} after its prompt was complete. */
  void firstToken(Duration time);

  /** {@code count} tokens went to their sessions. */
  void tokens(int count);

  /** The engine failed on a call. */
  void engineFailed();

  /** The owner thread ended other than by {@link Scheduler#close}: nothing is computed any more. */
  void ownerDied(Throwable cause);
}
