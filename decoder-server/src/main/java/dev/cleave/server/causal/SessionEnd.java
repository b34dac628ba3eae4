package dev.cleave.server.causal;

/** How a session left the scheduler. */
public sealed interface SessionEnd {

  /** The device closed its side, and all it asked for was answered. */
  record Closed(Tally tally) implements SessionEnd {}

  /** The device asked for the end, was refused, or went away. */
  record Stopped(Tally tally) implements SessionEnd {}

  /** The engine could not compute a step of this session. */
  record EngineFailed() implements SessionEnd {}

  /** The server closes. */
  record HandedBack() implements SessionEnd {}

  /** The thread that owns the engine has died. */
  record EngineLost() implements SessionEnd {}

  /**
   * What a session got.
   *
   * @param tokens sampled, those behind wrong drafts as well
   * @param firstTokenNanos from the first end of a prompt to its token; 0 when there was none
   * @param totalNanos from there to the last token
   */
  record Tally(int tokens, long firstTokenNanos, long totalNanos) {}
}
