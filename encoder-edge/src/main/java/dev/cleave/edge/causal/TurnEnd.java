package dev.cleave.edge.causal;

/** Why a turn ended. */
public enum TurnEnd {
  /** The model ended it. */
  END_ID,
  /** The most tokens allowed were answered. */
  LENGTH,
  /** The session has no room for another token. */
  CONTEXT_FULL,
  /** Nobody wanted more. */
  CANCELLED
}
