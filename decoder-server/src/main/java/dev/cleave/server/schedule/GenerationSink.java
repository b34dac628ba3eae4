package dev.cleave.server.schedule;

import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where a generation's tokens go. {@link #token} and {@link #ended} run on the scheduler's owner
 * thread, which all sessions share: they may only queue. {@link #flush} runs on the delivery
 * executor and may do I/O that does not block.
 */
public interface GenerationSink {

  /**
   * A token of the answer.
   *
   * @param position in the answer, 0-based, without gaps
   * @param logits the vocabulary's logits for this position, borrowed until return; null unless the
   *     generation wants them
   */
  void token(int position, int id, @Nullable FloatBuffer logits);

  /** After the calls of one step: what they have queued may be sent. On the delivery executor. */
  void flush();

  /** The generation's slot is erased and free; nothing follows. Called exactly once. */
  void ended(Outcome outcome);
}
