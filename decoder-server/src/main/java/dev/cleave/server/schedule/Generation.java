package dev.cleave.server.schedule;

import dev.cleave.server.sampling.Sampling;
import dev.cleave.server.session.PromptBuffer;

/**
 * One prompt on its way through the scheduler. Made on a call's thread, then owned by the
 * scheduler, which closes the prompt after prefill; {@link #stop} alone may be called from any
 * thread.
 */
public final class Generation {

  private final long session;
  private final PromptBuffer prompt;
  private final Request request;
  private final GenerationSink sink;
  private volatile boolean stopped;
  private long submittedNanos;

  /**
   * What the client asked for.
   *
   * @param maxNewTokens the most tokens of the answer
   * @param ignoreRules go on after end tokens and apply no rule of the checkpoint but its start
   *     token: what parity checks and benchmarks compare
   * @param wantLogits hand the logits to the sink with each token
   */
  public record Request(
      int maxNewTokens, Sampling sampling, boolean ignoreRules, boolean wantLogits) {}

  /**
   * @param session names this generation in logs and metrics
   * @param prompt passes to the scheduler with {@link Scheduler#submit}
   */
  public Generation(long session, PromptBuffer prompt, Request request, GenerationSink sink) {
    this.session = session;
    this.prompt = prompt;
    this.request = request;
    this.sink = sink;
  }

  /** Ends this generation before its next step. Thread-safe, idempotent. */
  public void stop() {
    stopped = true;
  }

  void submitted(long nowNanos) {
    submittedNanos = nowNanos;
  }

  long submittedNanos() {
    return submittedNanos;
  }

  boolean stopped() {
    return stopped;
  }

  long session() {
    return session;
  }

  PromptBuffer prompt() {
    return prompt;
  }

  Request request() {
    return request;
  }

  GenerationSink sink() {
    return sink;
  }
}
