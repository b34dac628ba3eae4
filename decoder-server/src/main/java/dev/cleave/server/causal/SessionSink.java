package dev.cleave.server.causal;

import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where a session's tokens go. Called on the scheduler's owner thread, which all sessions share: it
 * may queue, and pass on what the transport takes without blocking.
 */
public interface SessionSink {

  /**
   * The answer to the end of a prompt or to a step.
   *
   * @param position of the first row that was answered, 0-based in the session
   * @param ids one for each answered row; the callee's own
   * @param logits {@code [ids, vocabulary]}, borrowed until return; null unless the session wants
   *     them
   */
  void sampled(int position, int[] ids, @Nullable FloatBuffer logits);

  /** Rows have been read: there may be room to receive more. */
  void room();

  /** The session's KV is erased and its slot free; nothing follows. Called exactly once. */
  void ended(SessionEnd end);
}
