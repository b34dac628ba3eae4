package dev.cleave.server.rpc;

/** How a server has lost its engine, for good. */
public enum EngineLoss {
  /** A call of the engine did not end in time, and nothing can interrupt it. */
  STUCK,
  /** The thread that owns the engine has ended. */
  DIED
}
