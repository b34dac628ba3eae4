package dev.cleave.bench.chaos.work;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import java.util.Arrays;
import java.util.List;

/**
 * One prompt, how it is to be answered, and the answer that nothing disturbed. Immutable.
 *
 * @param name for messages
 * @param prompt its ids
 * @param options of the answer
 * @param text of the undisturbed answer
 * @param tokens of it
 */
public record Task(
    String name, List<Integer> prompt, GenerateOptions options, String text, List<Integer> tokens) {
  public Task {
    prompt = List.copyOf(prompt);
    tokens = List.copyOf(tokens);
  }

  /** Asks once, with nothing to disturb it, and keeps the answer. */
  static Task undisturbed(CleaveClient client, String name, int[] prompt, GenerateOptions options) {
    try (Generation answer = client.generateFromIds(prompt, options)) {
      String text = answer.text();
      return new Task(name, boxed(prompt), options, text, boxed(answer.tokenIds()));
    }
  }

  /** The ids of the prompt. */
  public int[] ids() {
    return prompt.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Begins the answer. */
  public Generation begin(CleaveClient client) {
    return begin(client, options);
  }

  /** Begins the answer with other options, which must not change it. */
  public Generation begin(CleaveClient client, GenerateOptions other) {
    return client.generateFromIds(ids(), other);
  }

  /**
   * Holds what a caller got against the undisturbed answer.
   *
   * @param got all the pieces that were given to the caller, one behind the other
   * @param ids of the answer
   * @return what differs, in sizes and places only; empty where nothing does
   */
  public String difference(CharSequence got, int[] ids) {
    if (!text.contentEquals(got)) {
      int at = firstDifference(got);
      return "the text differs from character %d on: %d characters, undisturbed %d"
          .formatted(at, got.length(), text.length());
    }
    return boxed(ids).equals(tokens)
        ? ""
        : "the text is the same and the ids are not: %d, undisturbed %d"
            .formatted(ids.length, tokens.size());
  }

  private int firstDifference(CharSequence got) {
    int at = 0;
    while (at < Math.min(got.length(), text.length()) && got.charAt(at) == text.charAt(at)) {
      at++;
    }
    return at;
  }

  private static List<Integer> boxed(int[] ids) {
    return Arrays.stream(ids).boxed().toList();
  }
}
