package dev.cleave.server.causal;

import java.time.Duration;

/** What the scheduler tells metrics; called on its owner thread, must not block. */
public interface SegmentEvents {

  /** One step of so many sessions: rows of prompts, and rows of which each gets a token. */
  void stepped(int sessions, int promptRows, int stepRows, Duration time);

  /** Rows that were received and are not in the step that begins. */
  void waiting(int rows);

  /** A prompt's token was sampled, this long after the prompt's end had come. */
  void firstToken(Duration time);

  /** Tokens that went to a session, and how many of them stand behind drafts. */
  void tokens(int count, int drafts);

  /** The engine failed on a call. */
  void engineFailed();

  /** The owner thread ended other than by closing: nothing is computed any more. */
  void ownerDied(Throwable cause);
}
