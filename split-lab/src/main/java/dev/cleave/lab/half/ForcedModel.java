package dev.cleave.lab.half;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * The server half made to read whole texts at once in plain f32: the logits that follow from
 * states, and gradients by these. One for either kind of split. Confined to one thread at a time.
 */
public sealed interface ForcedModel extends AutoCloseable permits ForcedAnswers, ForcedTexts {
  /** Logits of a distribution. */
  int vocabulary();

  /**
   * What is to be judged about a sample.
   *
   * @param answer to its raw states, as {@link ServerHalf} gives it
   */
  Asked asked(Sample sample, int[] answer);

  /**
   * The logits of what is asked.
   *
   * @return f32 {@code [rows, most count of a row, vocabulary]} from index 0, borrowed until the
   *     next call; what stands behind the count of a shorter row means nothing
   */
  FloatBuffer logits(List<Asked> rows);

  /**
   * The gradient by the boundary tensor of the sum over a row's targets of the logarithm of their
   * probability.
   *
   * @param targets of each row, a token for each distribution
   * @return f32 {@code [rows, most positions of a row, width]} from index 0, borrowed until the
   *     next call
   */
  FloatBuffer gradient(List<Asked> rows, List<int[]> targets);

  /** The most that a row of these asks. */
  static int mostCount(List<Asked> rows) {
    return rows.stream().mapToInt(Asked::count).max().orElseThrow();
  }

  @Override
  void close();
}
