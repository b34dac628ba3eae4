package dev.cleave.bench;

import dev.cleave.bench.measure.Ratio;
import dev.cleave.edge.CleaveClient;
import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.StepResult;
import dev.cleave.server.sampling.Sampling;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.schedule.Generation;
import dev.cleave.server.schedule.GenerationSink;
import dev.cleave.server.schedule.Outcome;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.schedule.SchedulerEvents;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * The server half: tokens a second of the scheduler (admission, joining, batching, greedy choice,
 * hand-over to sinks) against the same engine called in a bare loop, both from the boundary tensors
 * of the same notes, prefill included.
 */
final class DecodeBenchmark {
  private static final int STEPS = ReferenceModel.MAX_NEW_TOKENS;
  private static final int ROUNDS = 15;
  private static final int WARM_UP_ROUNDS = 4;

  private final DecoderEngine engine;
  private final List<FloatBuffer> prompts;
  private final int start;

  private DecodeBenchmark(DecoderEngine engine, List<FloatBuffer> prompts, int start) {
    this.engine = engine;
    this.prompts = prompts;
    this.start = start;
  }

  static void run(ReferenceModel model) throws IOException, InterruptedException {
    int most = 16;
    try (CleaveClient client = CleaveClient.open(model.bundle(), "127.0.0.1:1");
        Arena arena = Arena.ofShared();
        DecoderEngine engine = model.engine(most, 256)) {
      List<FloatBuffer> prompts = new ArrayList<>();
      for (String note : model.notes().subList(0, most)) {
        prompts.add(ReferenceModel.hidden(client, note, arena));
      }
      DecodeBenchmark benchmark =
          new DecodeBenchmark(engine, prompts, model.spec().decoding().startTokenId());
      double alone = benchmark.compare(1);
      double together = benchmark.compare(most);
      System.out.printf(
          Locale.ROOT,
          "%-34s %.1f times the tokens of batch 1%n",
          "decode batch 16",
          together / alone);
    }
  }

  private double compare(int batch) throws InterruptedException {
    Ratio ratio = new Ratio("decode batch " + batch, "tokens/s");
    double tokens = (double) batch * STEPS;
    for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      double scheduled = tokens / scheduled(batch);
      double bare = tokens / onThreadOfItsOwn(() -> bare(batch));
      if (round >= 0) {
        ratio.round(scheduled, bare);
      }
    }
    System.out.println(ratio.line("scheduler", "bare loop", batch == 1 ? "-" : ">= 0.9"));
    return ratio.ours();
  }

  /** As the scheduler does: libtorch keeps settings by thread. */
  private static double onThreadOfItsOwn(Callable<Double> loop) throws InterruptedException {
    FutureTask<Double> task = new FutureTask<>(loop);
    Thread.ofPlatform().start(task);
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the bare loop failed", e.getCause());
    }
  }

  /** Seconds for the batch's answers in a bare loop over the engine. */
  private double bare(int batch) {
    long[] tokens = new long[batch];
    long[] positions = new long[batch];
    engine.clearSlot(0); // lets libtorch settle on this thread, as the scheduler's warm-up does
    long began = System.nanoTime();
    for (int slot = 0; slot < batch; slot++) {
      engine.prefill(slot, prompts.get(slot), positions(slot));
      tokens[slot] = start;
    }
    for (int step = 0; step < STEPS; step++) {
      StepResult result = engine.step(batch, tokens, positions, false);
      for (int row = 0; row < batch; row++) {
        tokens[row] = result.argmax(row);
        positions[row]++;
      }
    }
    for (int slot = 0; slot < batch; slot++) {
      engine.clearSlot(slot);
    }
    return (System.nanoTime() - began) / 1e9;
  }

  /** Seconds for the same answers through the scheduler. */
  private double scheduled(int batch) throws InterruptedException {
    PromptBudget budget = new PromptBudget(1L << 30);
    CountDownLatch ended = new CountDownLatch(batch);
    try (ExecutorService delivery = Executors.newSingleThreadExecutor();
        Scheduler scheduler =
            Scheduler.start(
                engine, TokenRules.of(start, Set.of()), NO_EVENTS, delivery, System::nanoTime)) {
      scheduler.warm().join();
      long began = System.nanoTime();
      for (int session = 0; session < batch; session++) {
        scheduler.submit(
            new Generation(
                session,
                prompt(budget, session),
                new Generation.Request(STEPS, Sampling.GREEDY, true, false),
                new CountingSink(ended)));
      }
      ended.await();
      return (System.nanoTime() - began) / 1e9;
    }
  }

  private PromptBuffer prompt(PromptBudget budget, int session) {
    PromptBuffer prompt = budget.tryAllocate(positions(session), engine.shape().width());
    if (prompt == null) {
      throw new IllegalStateException("no room for a prompt");
    }
    prompt.tail(positions(session)).put(prompts.get(session).duplicate());
    prompt.advance(positions(session));
    return prompt;
  }

  private int positions(int slot) {
    return prompts.get(slot).capacity() / engine.shape().width();
  }

  private record CountingSink(CountDownLatch ended) implements GenerationSink {
    @Override
    public void token(int position, int id, @Nullable FloatBuffer logits) {}

    @Override
    public void flush() {}

    @Override
    public void ended(Outcome outcome) {
      ended.countDown();
    }
  }

  private static final SchedulerEvents NO_EVENTS =
      new SchedulerEvents() {
        @Override
        public void stepped(int batch, Duration time) {}

        @Override
        public void prefilled(int positions, Duration time) {}

        @Override
        public void firstToken(Duration time) {}

        @Override
        public void tokens(int count) {}

        @Override
        public void engineFailed() {}

        @Override
        public void ownerDied(Throwable cause) {}
      };
}
