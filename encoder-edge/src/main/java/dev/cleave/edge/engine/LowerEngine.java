package dev.cleave.edge.engine;

/**
 * Runs the device half of a model that was cut between two layers: embedding and lower layers.
 * Thread-safe; made by whoever also closes it.
 */
public interface LowerEngine extends AutoCloseable {
  /** Elements of the boundary tensor per position. */
  int width();

  /** The longest a session may become. */
  int maxPositions();

  /**
   * A new session with a KV cache of its own, empty.
   *
   * @param positions room, in {@code [1, maxPositions]}
   * @throws dev.cleave.edge.error.CleaveException when there is no memory for it
   */
  LowerSession open(int positions);

  /** Waits for what is being computed and frees the engine; its sessions fail from then on. */
  @Override
  void close();
}
