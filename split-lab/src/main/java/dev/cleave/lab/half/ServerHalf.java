package dev.cleave.lab.half;

import dev.cleave.server.engine.EngineOptions;
import dev.cleave.server.engine.ForcedDecoder;
import dev.cleave.server.engine.TorchDecoderEngine;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.torch.WeightPrecision;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The server half of a bundle, computed by a few workers side by side: a small model gains more
 * from two programs of one thread each than from one of two. Its methods are for one thread at a
 * time; closing it frees everything.
 */
public final class ServerHalf implements AutoCloseable {
  /** What copies of the weights may take together. */
  private static final long COPIES_BYTES = 2L << 30;

  private static final int MOST_WORKERS = 8;
  private static final int SLOTS = 16;

  private final List<Worker> workers;
  private final ExecutorService threads;

  /** One thread's own programs. */
  public static final class Worker implements AutoCloseable {
    private final ForcedModel forced;
    private final @Nullable GreedyDecoding greedy;

    private Worker(ForcedModel forced, @Nullable GreedyDecoding greedy) {
      this.forced = forced;
      this.greedy = greedy;
    }

    static Worker open(Bundle half, int maxSource, int maxTokens, int threads) {
      return switch (half.manifest().split()) {
        case SplitPoint.EncoderDecoder _ -> answering(half, maxSource, maxTokens, threads);
        case SplitPoint.Causal _ -> new Worker(ForcedTexts.open(half, threads), null);
      };
    }

    private static Worker answering(Bundle half, int maxSource, int maxTokens, int threads) {
      ForcedAnswers forced = new ForcedAnswers(ForcedDecoder.open(half, threads));
      try {
        EngineOptions options =
            new EngineOptions("cpu", WeightPrecision.F32, SLOTS, maxSource, maxTokens, threads);
        TorchDecoderEngine engine = TorchDecoderEngine.open(half, options);
        return new Worker(forced, new GreedyDecoding(engine, forced.spec().decoding(), maxTokens));
      } catch (RuntimeException e) {
        forced.close();
        throw e;
      }
    }

    /** The program that reads whole texts. */
    public ForcedModel forced() {
      return forced;
    }

    /**
     * The answers of these samples, with the token that ends each; empty where the model is cut
     * between two layers, as the text is its own answer.
     */
    public int[][] answers(List<Sample> samples) {
      return greedy == null ? new int[samples.size()][0] : greedy.answers(samples);
    }

    @Override
    public void close() {
      if (greedy != null) {
        greedy.close();
      }
      forced.close();
    }
  }

  private ServerHalf(List<Worker> workers) {
    this.workers = workers;
    this.threads =
        Executors.newFixedThreadPool(
            workers.size(), Thread.ofPlatform().daemon().name("cleave-lab-", 0).factory());
  }

  /**
   * Opens the server half.
   *
   * @param half verified
   * @param maxSource positions of the longest prompt to come
   * @param maxTokens of the longest answer to come
   */
  public static ServerHalf open(Bundle half, int maxSource, int maxTokens) {
    int cores = Math.min(MOST_WORKERS, Runtime.getRuntime().availableProcessors());
    long bytes = half.manifest().model().parameters().server() * Float.BYTES;
    int count = Math.clamp(COPIES_BYTES / bytes, 1, cores);
    List<Worker> workers = new ArrayList<>();
    try {
      for (int n = 0; n < count; n++) {
        workers.add(Worker.open(half, maxSource, maxTokens, cores / count));
      }
      return new ServerHalf(List.copyOf(workers));
    } catch (RuntimeException e) {
      workers.forEach(Worker::close);
      throw e;
    }
  }

  /** Logits of a distribution. */
  public int vocabulary() {
    return workers.getFirst().forced.vocabulary();
  }

  /** What is to be judged about a sample, given the answer to its raw states. */
  public Asked asked(Sample sample, int[] answer) {
    return workers.getFirst().forced.asked(sample, answer);
  }

  /** Runs a task for every item, on as many threads as there are workers; results in order. */
  public <T, R> List<R> each(List<T> items, Stage stage, BiFunction<Worker, T, R> task) {
    AtomicInteger next = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    List<Future<List<Indexed<R>>>> futures = new ArrayList<>();
    for (Worker worker : workers) {
      futures.add(
          threads.submit(() -> {
            List<Indexed<R>> results = new ArrayList<>();
            for (int i = next.getAndIncrement(); i < items.size(); i = next.getAndIncrement()) {
              results.add(new Indexed<>(i, task.apply(worker, items.get(i))));
              stage.done(done.incrementAndGet(), items.size());
            }
            return results;
          }));
    }
    List<Indexed<R>> all = new ArrayList<>();
    RuntimeException failure = null;
    for (Future<List<Indexed<R>>> future : futures) {
      try {
        all.addAll(future.get());
      } catch (ExecutionException e) {
        // the others are waited for all the same: they use programs that would be closed
        failure = failure == null ? unwrap(e) : failure;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failure = new IllegalStateException("interrupted", e);
      }
    }
    if (failure != null) {
      throw failure;
    }
    all.sort((a, b) -> Integer.compare(a.index, b.index));
    return all.stream().map(Indexed::value).toList();
  }

  private record Indexed<R>(int index, R value) {}

  private static RuntimeException unwrap(ExecutionException e) {
    return e.getCause() instanceof RuntimeException cause
        ? cause
        : new IllegalStateException(e.getCause());
  }

  /** Told of the tasks that are done. */
  @FunctionalInterface
  public interface Stage {
    /** For tasks nobody waits for. */
    Stage QUIET = (done, total) -> {};

    void done(int done, int total);
  }

  @Override
  public void close() {
    threads.close();
    workers.forEach(Worker::close);
  }
}
