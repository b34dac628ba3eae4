package dev.cleave.server.rpc;

import java.time.Duration;

/**
 * How a server runs the sessions of a causal model, beside what {@link ServerConfig} says.
 * Immutable.
 *
 * @param kvPositions of KV that all sessions share; each reserves its own at Open
 * @param stepBudget the most positions of one step of the engine, prompts and steps together
 * @param stepPositions the most positions of one session's step: a token and its drafts
 * @param sessionTimeout how long a client may wait between two turns
 */
public record CausalConfig(
    long kvPositions, int stepBudget, int stepPositions, Duration sessionTimeout) {

  public CausalConfig {
    if (kvPositions < 1) {
      throw new IllegalArgumentException("kvPositions must be positive, got " + kvPositions);
    }
    if (stepPositions < 1 || stepPositions > stepBudget) {
      throw new IllegalArgumentException(
          "stepPositions must be in [1, step budget %d], got %d"
              .formatted(stepBudget, stepPositions));
    }
    if (!sessionTimeout.isPositive()) {
      throw new IllegalArgumentException("sessionTimeout must be positive, got " + sessionTimeout);
    }
  }
}
