package dev.cleave.edge;

/** Why an answer ended. */
public enum FinishReason {
  /** The model ended it. */
  EOS,
  /** The most tokens allowed were generated. */
  LENGTH,
  /** A stop string came; it is not part of the text. */
  STOP,
  /** The caller cancelled. */
  CANCELLED
}
