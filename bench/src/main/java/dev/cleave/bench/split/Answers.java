package dev.cleave.bench.split;

import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Receipt;
import java.util.Objects;

/** Whole answers through a client, and what their receipts say. */
final class Answers {
  private Answers() {}

  /** Answers in a session of its own. */
  static Receipt answer(CleaveClient client, int[] prompt, GenerateOptions options) {
    try (Generation answer = client.generateFromIds(prompt, options)) {
      return receipt(answer, options);
    }
  }

  /** Answers in a session that is there, and takes all back. */
  static Receipt answer(CausalSession session, int[] prompt, GenerateOptions options) {
    try (Generation answer = session.generate(prompt, options)) {
      return receipt(answer, options);
    } finally {
      session.truncate(0);
    }
  }

  /** Tokens a second, those after the first by the time since the first. */
  static double rate(CleaveClient client, int[] prompt, GenerateOptions options) {
    return answer(client, prompt, options).timing().tokensPerSecond();
  }

  static Receipt.Steps steps(Receipt receipt) {
    return Objects.requireNonNull(receipt.steps(), "steps");
  }

  private static Receipt receipt(Generation answer, GenerateOptions options) {
    answer.forEach(piece -> {});
    int tokens = answer.tokenIds().length;
    if (tokens != options.maxNewTokens().orElseThrow()) {
      throw new IllegalStateException("the answer has " + tokens + " tokens");
    }
    return answer.receipt();
  }
}
