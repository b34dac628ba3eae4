package dev.cleave.bench.chaos.work;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Receipt;
import dev.cleave.edge.error.CleaveException;

/** How an answer ended for the caller. */
public sealed interface Outcome {
  /**
   * As it should be, to the last token.
   *
   * @param receipt of the answer
   */
  record Right(Receipt receipt) implements Outcome {}

  /**
   * With an error, behind nothing but the right beginning.
   *
   * @param failure that the caller got
   */
  record Failed(CleaveException failure) implements Outcome {}

  /**
   * With something that the undisturbed answer has not.
   *
   * @param difference in sizes and places
   */
  record Wrong(String difference) implements Outcome {}

  /** Asks for an answer and takes it to its end. */
  static Outcome of(Task task, CleaveClient client, GenerateOptions options) {
    StringBuilder got = new StringBuilder();
    try (Generation answer = task.begin(client, options)) {
      answer.forEach(got::append);
      String difference = task.difference(got, answer.tokenIds());
      return difference.isEmpty() ? new Right(answer.receipt()) : new Wrong(difference);
    } catch (CleaveException e) {
      return ofFailure(task, got, e);
    }
  }

  /** Of an answer that failed after this much was given to the caller. */
  static Outcome ofFailure(Task task, CharSequence got, CleaveException failure) {
    return task.text().startsWith(got.toString())
        ? new Failed(failure)
        : new Wrong(
            "%d characters were given before the error, and they are no beginning of the answer"
                .formatted(got.length()));
  }

  /** In a few words. */
  default String text() {
    return switch (this) {
      case Right _ -> "right";
      case Failed it -> it.failure().code() + "/" + it.failure().category();
      case Wrong it -> "WRONG: " + it.difference();
    };
  }
}
