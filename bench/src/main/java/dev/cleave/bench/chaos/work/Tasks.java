package dev.cleave.bench.chaos.work;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Sampling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/** What honest callers ask for: greedy and drawn, with drafts and without, always the same. */
public final class Tasks {
  private static final int FIRST_PLAIN_ID = 3;
  private static final int VOCABULARY = 512;
  private static final int LONGEST_PROMPT = 50;

  private Tasks() {}

  /**
   * So many tasks of a kind, each answered once for what it should give.
   *
   * @param client of that kind's bundle, whose server nothing disturbs
   * @param tokens of each answer
   */
  public static List<Task> of(Kind kind, CleaveClient client, int count, int tokens)
      throws IOException {
    List<Task> tasks = new ArrayList<>();
    List<String> notes = Models.notes();
    for (int i = 0; i < count; i++) {
      GenerateOptions options = GenerateOptions.defaults().withMaxNewTokens(tokens).ignoringEos();
      StringBuilder name = new StringBuilder(kind.text()).append(" task ").append(i);
      if (i % 2 == 1) {
        options = options.withSampling(new Sampling(0.8f, 0, 1, OptionalLong.of(1000 + i)));
        name.append(", drawn");
      }
      if (kind == Kind.CAUSAL && i % 4 >= 2) {
        options = options.withDrafts(1 + i % 8);
        name.append(", drafts");
      }
      int[] prompt =
          switch (kind) {
            case ENCODER_DECODER -> client.tokenize(notes.get(i % notes.size()));
            case CAUSAL -> ids(i);
          };
      tasks.add(Task.undisturbed(client, name.toString(), prompt, options));
    }
    return tasks;
  }

  /** A run of ids over and over, which drafts find again, behind some that have no pattern. */
  private static int[] ids(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int length = random.nextInt(4, LONGEST_PROMPT);
    int[] ids = random.ints(length, FIRST_PLAIN_ID, VOCABULARY).toArray();
    for (int i = length / 2 + 2; i < length; i++) {
      ids[i] = ids[i - 2];
    }
    return ids;
  }
}
