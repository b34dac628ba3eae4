package dev.cleave.edge.link;

import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.Open;
import java.time.Duration;

/**
 * The way to one decoder server: the seam between the SDK and the transport. Thread-safe. Every
 * failure is a {@link dev.cleave.edge.error.CleaveException}.
 */
public interface DecoderLink extends AutoCloseable {
  /** Asks the server what it serves. */
  DescribeReply describe(Duration timeout);

  /**
   * Begins one generation: sends {@code open} and returns without waiting for the answer. Where
   * there are several servers, the session that {@code open} names decides which one: the same for
   * the same attempt while that server lives, another one for the next attempt.
   *
   * @param terms what the caller allows the stream to take
   */
  DecoderStream open(Open open, StreamTerms terms);

  /** How many servers there are to choose from, as far as that is known. */
  default int servers() {
    return 1;
  }

  /** Ends every stream of this link and frees the connection. */
  @Override
  void close();
}
