package dev.cleave.lab.measure;

import dev.cleave.lab.measure.ServerHalf.Worker;
import dev.cleave.server.engine.ForcedBatch;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Gradients of what the server half might say by the boundary tensor. For every sample, a token is
 * drawn from the model behind each token of its answer, and the gradient taken of the logarithm of
 * their probability together: the mean of its outer product with itself is the Fisher information
 * of the next-token distributions along the answer. Stateless.
 */
public final class Gradients {
  private static final int ROWS = 8;

  private Gradients() {}

  /** A sample's gradient, f32 {@code [positions, width]}. */
  public record Gradient(int positions, FloatBuffer values) {}

  private record Task(int first, List<Sample> samples) {}

  /**
   * The gradients of these samples, in order.
   *
   * @param answers to the raw states
   * @param seed of the draws; the same gives the same gradients
   */
  public static List<Gradient> of(
      ServerHalf server, List<Sample> samples, int[][] answers, long seed, LabProgress progress) {
    List<Task> tasks = new ArrayList<>();
    for (int from = 0; from < samples.size(); from += ROWS) {
      tasks.add(new Task(from, samples.subList(from, Math.min(samples.size(), from + ROWS))));
    }
    List<List<Gradient>> parts =
        server.each(
            tasks,
            (done, total) -> progress.at("taking gradients", done, total),
            (worker, task) -> of(worker, task, answers, seed));
    return parts.stream().flatMap(List::stream).toList();
  }

  private static List<Gradient> of(Worker worker, Task task, int[][] answers, long seed) {
    int vocabulary = worker.forced().spec().head().vocabulary();
    int width = worker.forced().spec().stack().width();
    ForcedBatch batch = new ForcedBatch();
    List<int[]> inputs = new ArrayList<>();
    for (int r = 0; r < task.samples.size(); r++) {
      Sample sample = task.samples.get(r);
      inputs.add(Answers.inputs(worker.forced().spec(), answers[task.first + r]));
      batch.add(FloatBuffer.wrap(sample.states()), sample.positions(), inputs.get(r));
    }
    FloatBuffer logits = worker.forced().logits(batch);
    int tokens = batch.tokens();
    batch.clear();
    float[] row = new float[vocabulary];
    for (int r = 0; r < task.samples.size(); r++) {
      SplittableRandom random = new SplittableRandom(seed + task.first + r);
      int[] drawn = new int[inputs.get(r).length];
      for (int n = 0; n < drawn.length; n++) {
        logits.get((r * tokens + n) * vocabulary, row);
        drawn[n] = draw(row, random);
      }
      Sample sample = task.samples.get(r);
      batch.add(FloatBuffer.wrap(sample.states()), sample.positions(), inputs.get(r), drawn);
    }
    int positions = batch.positions();
    FloatBuffer gradients = worker.forced().gradient(batch);
    return IntStream.range(0, task.samples.size())
        .mapToObj(r -> {
          float[] own = new float[task.samples.get(r).positions() * width];
          gradients.get(r * positions * width, own);
          return new Gradient(task.samples.get(r).positions(), FloatBuffer.wrap(own));
        })
        .toList();
  }

  private static int draw(float[] logits, SplittableRandom random) {
    float largest = logits[0];
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((double) logit - largest);
    }
    double point = random.nextDouble() * sum;
    int last = 0;
    for (int id = 0; id < logits.length; id++) {
      double p = Math.exp((double) logits[id] - largest);
      if (p > 0) {
        last = id;
        point -= p;
        if (point < 0) {
          return id;
        }
      }
    }
    return last;
  }
}
