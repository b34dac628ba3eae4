package dev.cleave.edge;

import dev.cleave.edge.error.CleaveException;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where the tokens of one answer come from. One thread asks for them; the rest may be called from
 * any.
 */
interface TokenSource extends AutoCloseable {
  /** What comes next. */
  sealed interface Next {}

  /**
   * A token of the answer.
   *
   * @param id below the vocabulary
   * @param logits f32 [vocabulary], read-only; null where they were not asked for
   */
  record Answered(int id, @Nullable FloatBuffer logits) implements Next {}

  /**
   * The answer has ended; nothing comes any more.
   *
   * @param reason why
   */
  record Ended(FinishReason reason) implements Next {}

  /**
   * Waits for what comes next.
   *
   * @throws CleaveException when the answer has failed, which ends it
   */
  Next next();

  /** Wants no more; {@link #next} may give what is under way and then ends. */
  void cancel();

  /** Ends at once with this failure, and leaves what is kept of it to whoever resumes it. */
  void leave(CleaveException why);

  /**
   * What was sent and received, once it has ended.
   *
   * @param reason why, as the reader of the text sees it
   * @param answered tokens that make the text
   */
  Receipt receipt(FinishReason reason, int answered);

  /** Cancels unless it has ended, and frees what it holds. */
  @Override
  void close();
}
