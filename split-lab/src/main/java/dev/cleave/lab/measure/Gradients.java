package dev.cleave.lab.measure;

import dev.cleave.lab.half.Asked;
import dev.cleave.lab.half.Draw;
import dev.cleave.lab.half.ForcedModel;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.half.ServerHalf;
import dev.cleave.lab.half.ServerHalf.Worker;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Gradients of what the server half might say by the boundary tensor. For every sample, a token is
 * drawn from the model behind each token of its answer, or of the text itself where that is its own
 * answer, and the gradient taken of the logarithm of their probability together: the mean of its
 * outer product with itself is the Fisher information of the next-token distributions. Stateless.
 */
public final class Gradients {
  private static final int ROWS = 8;

  private Gradients() {}

  /**
   * A sample's gradient.
   *
   * @param sample whose states it is by
   * @param values f32 {@code [positions, width]}
   */
  public record Gradient(Sample sample, FloatBuffer values) {}

  private record Task(int first, List<Asked> rows) {}

  /**
   * The gradients of these samples, in order.
   *
   * @param answers to the raw states
   * @param seed of the draws; the same gives the same gradients
   */
  public static List<Gradient> of(
      ServerHalf server, List<Sample> samples, int[][] answers, long seed, LabProgress progress) {
    List<Asked> asked =
        IntStream.range(0, samples.size())
            .mapToObj(i -> server.asked(samples.get(i), answers[i]))
            .toList();
    List<Task> tasks = new ArrayList<>();
    int first = 0;
    for (List<Asked> rows : Batches.inOrder(asked, server.vocabulary(), ROWS)) {
      tasks.add(new Task(first, rows));
      first += rows.size();
    }
    List<List<Gradient>> parts =
        server.each(
            tasks,
            (done, total) -> progress.at("taking gradients", done, total),
            (worker, task) -> of(worker, task, seed));
    return parts.stream().flatMap(List::stream).toList();
  }

  private static List<Gradient> of(Worker worker, Task task, long seed) {
    ForcedModel forced = worker.forced();
    List<int[]> drawn = drawn(forced, task, seed);
    FloatBuffer gradients = forced.gradient(task.rows, drawn);
    int most = task.rows.stream().mapToInt(row -> row.sample().positions()).max().orElseThrow();
    List<Gradient> own = new ArrayList<>();
    for (int r = 0; r < task.rows.size(); r++) {
      Sample sample = task.rows.get(r).sample();
      int width = sample.states().length / sample.positions();
      float[] values = new float[sample.states().length];
      gradients.get(r * most * width, values);
      own.add(new Gradient(sample, FloatBuffer.wrap(values)));
    }
    return own;
  }

  private static List<int[]> drawn(ForcedModel forced, Task task, long seed) {
    FloatBuffer logits = forced.logits(task.rows);
    int most = ForcedModel.mostCount(task.rows);
    float[] row = new float[forced.vocabulary()];
    List<int[]> drawn = new ArrayList<>();
    for (int r = 0; r < task.rows.size(); r++) {
      SplittableRandom random = new SplittableRandom(seed + task.first + r);
      int[] targets = new int[task.rows.get(r).count()];
      for (int n = 0; n < targets.length; n++) {
        logits.get((r * most + n) * forced.vocabulary(), row);
        targets[n] = Draw.of(row, random);
      }
      drawn.add(targets);
    }
    return drawn;
  }
}
