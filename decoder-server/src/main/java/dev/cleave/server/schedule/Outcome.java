package dev.cleave.server.schedule;

/** How a generation left the scheduler. */
public sealed interface Outcome {

  /**
   * The answer is complete.
   *
   * @param tokens sent
   * @param firstTokenNanos from submission to the first token
   * @param totalNanos from submission to the last
   */
  record Complete(Reason reason, int tokens, long firstTokenNanos, long totalNanos)
      implements Outcome {}

  /** The client asked for the end, or went away, after {@code tokens} tokens. */
  record Stopped(int tokens, long firstTokenNanos, long totalNanos) implements Outcome {}

  /** The engine could not compute this session's step. */
  record EngineFailed(RuntimeException cause) implements Outcome {}

  /** The server closes and the generation was not complete. */
  record HandedBack() implements Outcome {}

  /** The thread that owns the engine has died. */
  record EngineLost() implements Outcome {}

  /** Why an answer is complete. */
  enum Reason {
    /** The model chose an end token. */
    EOS,
    /** The session's token limit. */
    LENGTH
  }
}
