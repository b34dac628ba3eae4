package dev.cleave.server.upper;

import dev.cleave.server.engine.StepResult;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Computes the upper layers and the head for up to {@link UpperShape#slots()} sessions, each with
 * its KV in one slot.
 *
 * <p>Confined to one owner thread from the first call on; {@link #shape()} alone may be called from
 * any thread. What a segment gives depends on its slot and its own positions alone: batching never
 * changes what a session computes beyond the order of floating point sums.
 *
 * <p>All methods throw {@link dev.cleave.server.engine.EngineException} when the computation fails;
 * the slots named in the call are then undefined until freed, the others are untouched.
 */
public interface UpperEngine extends AutoCloseable {

  /** The fixed sizes; thread-safe. */
  UpperShape shape();

  /**
   * Gives a slot room for this many positions. Admission has seen to it that the room is there;
   * when it is not, the slot stays free and nothing stays allocated.
   *
   * @param slot in {@code [0, slots)}, free
   * @param positions in {@code [1, maxPositions]}
   */
  void allocate(int slot, int positions);

  /**
   * One step: the positions of all segments through all layers at once, each attending to its own
   * slot from position 0 up to itself. Writes their K and V.
   *
   * @param segments at most one per slot; together at least one position and at most {@link
   *     UpperShape#maxStepPositions()}
   * @param hidden direct buffer of the boundary tensor, f32 native order {@code [positions, width]}
   *     from its position on, the rows of the segments one after the other; borrowed until return,
   *     its position does not move
   * @param wantLogits whether {@link StepResult#logits()} is needed; argmax is always there
   * @return a row for each answer, in the order of the segments; borrowed until the next call on
   *     this engine
   */
  StepResult step(List<Segment> segments, FloatBuffer hidden, boolean wantLogits);

  /** Overwrites what the last step left, with the result that was borrowed. */
  void forgetStep();

  /** Overwrites the slot's KV with zeros and frees it. Freeing a free slot does nothing. */
  void free(int slot);

  /** Frees all memory. Idempotent; nothing else may be called afterwards. */
  @Override
  void close();
}
