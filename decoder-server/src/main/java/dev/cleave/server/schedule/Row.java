package dev.cleave.server.schedule;

import dev.cleave.server.sampling.TokenRules;

/**
 * A generation in the batch: what its next step feeds. Confined to the scheduler's owner thread.
 */
final class Row {

  final Generation generation;
  private long nextToken;
  private int position;
  private int sent;
  private long firstTokenNanos;
  private long lastTokenNanos;

  Row(Generation generation, TokenRules rules) {
    this.generation = generation;
    this.nextToken = rules.startTokenId();
  }

  long nextToken() {
    return nextToken;
  }

  int position() {
    return position;
  }

  boolean lastPosition() {
    return position + 1 >= generation.request().maxNewTokens();
  }

  /** Whether argmax alone cannot answer for this row. */
  boolean needsLogits() {
    return generation.request().wantLogits() || !generation.request().sampling().greedy();
  }

  /** Counts {@code token} as sent and feeds it next. */
  void advance(int token, long nowNanos) {
    if (sent == 0) {
      firstTokenNanos = nowNanos;
    }
    lastTokenNanos = nowNanos;
    sent++;
    position++;
    nextToken = token;
  }

  boolean first() {
    return sent == 0;
  }

  Outcome complete(Outcome.Reason reason) {
    return new Outcome.Complete(reason, sent, since(firstTokenNanos), since(lastTokenNanos));
  }

  Outcome stopped() {
    return new Outcome.Stopped(sent, since(firstTokenNanos), since(lastTokenNanos));
  }

  private long since(long nanos) {
    return sent == 0 ? 0 : nanos - generation.submittedNanos();
  }
}
