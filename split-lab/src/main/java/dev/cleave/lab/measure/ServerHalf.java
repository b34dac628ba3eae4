package dev.cleave.lab.measure;

import dev.cleave.server.engine.EngineOptions;
import dev.cleave.server.engine.ForcedDecoder;
import dev.cleave.server.engine.TorchDecoderEngine;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.torch.WeightPrecision;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;

/**
 * The server half of a bundle, computed by a few workers side by side: a small model gains more
 * from two programs of one thread each than from one of two. Its methods are for one thread at a
 * time; closing it frees everything.
 */
public final class ServerHalf implements AutoCloseable {
  /** Above this, copies of the weights cost more memory than they are worth. */
  private static final long SHARED_ABOVE_PARAMETERS = 50_000_000;

  private static final int SLOTS = 16;

  private final DecoderSpec spec;
  private final List<Worker> workers;
  private final ExecutorService threads;

  /** One thread's own programs. */
  static final class Worker implements AutoCloseable {
    private final ForcedDecoder forced;
    private final TorchDecoderEngine engine;
    private final GreedyDecoding greedy;

    private Worker(ForcedDecoder forced, TorchDecoderEngine engine, int maxTokens) {
      this.forced = forced;
      this.engine = engine;
      this.greedy = new GreedyDecoding(engine, forced.spec().decoding(), maxTokens);
    }

    static Worker open(Bundle half, int maxSource, int maxTokens, int threads) {
      ForcedDecoder forced = ForcedDecoder.open(half, threads);
      try {
        EngineOptions options =
            new EngineOptions("cpu", WeightPrecision.F32, SLOTS, maxSource, maxTokens, threads);
        return new Worker(forced, TorchDecoderEngine.open(half, options), maxTokens);
      } catch (RuntimeException e) {
        forced.close();
        throw e;
      }
    }

    /** The whole-answer program. */
    ForcedDecoder forced() {
      return forced;
    }

    /** The answers of these samples. */
    int[][] answers(List<Sample> samples) {
      return greedy.answers(samples);
    }

    @Override
    public void close() {
      engine.close();
      forced.close();
    }
  }

  private ServerHalf(List<Worker> workers) {
    this.spec = workers.getFirst().forced.spec();
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
    BundleManifest manifest = half.manifest();
    int cores = Math.min(8, Runtime.getRuntime().availableProcessors());
    boolean large = manifest.model().parameters().server() > SHARED_ABOVE_PARAMETERS;
    List<Worker> workers = new ArrayList<>();
    try {
      for (int n = 0; n < (large ? 1 : cores); n++) {
        workers.add(Worker.open(half, maxSource, maxTokens, large ? cores : 1));
      }
      return new ServerHalf(List.copyOf(workers));
    } catch (RuntimeException e) {
      workers.forEach(Worker::close);
      throw e;
    }
  }

  /** What the decoder is. */
  public DecoderSpec spec() {
    return spec;
  }

  /** Runs a task for every item, on as many threads as there are workers; results in order. */
  <T, R> List<R> each(List<T> items, Stage stage, BiFunction<Worker, T, R> task) {
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
  interface Stage {
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
