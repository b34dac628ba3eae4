package dev.cleave.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.sampling.Sampling;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class SchedulerTest {

  private static final int VOCABULARY = 50;
  private static final int START = 3;

  private final FakeDecoderEngine engine = new FakeDecoderEngine(4, VOCABULARY);
  private final PromptBudget budget = new PromptBudget(1 << 20);
  private final Events events = new Events();
  private @Nullable Scheduler scheduler;

  @AfterEach
  void everythingIsGivenBack() {
    if (scheduler != null) {
      scheduler.close();
    }
    assertThat(budget.heldBytes()).isZero();
    assertThat(engine.filledSlots()).isZero();
  }

  @Test
  void sessionsThatJoinAndLeaveGetWhatTheyGetAlone() throws Exception {
    start(TokenRules.of(START, Set.of()));
    Semaphore permits = engine.gateSteps();
    List<Collector> answers = new ArrayList<>();
    int[] lengths = {9, 2, 5, 7};
    for (int i = 0; i < lengths.length; i++) {
      // The next one joins only when the ones before have made a step.
      answers.add(submit(prompt(i, i + 1), lengths[i], false));
      permits.release();
    }
    engine.ungateSteps();
    for (int i = 0; i < lengths.length; i++) {
      assertThat(answers.get(i).outcome())
          .isInstanceOfSatisfying(
              Outcome.Complete.class,
              it -> assertThat(it.reason()).isEqualTo(Outcome.Reason.LENGTH));
      assertThat(answers.get(i).ids())
          .as("session %d", i)
          .containsExactly(alone(prompt(i, i + 1), lengths[i]));
    }
    assertThat(engine.maxBatch()).isGreaterThan(1);
  }

  @ParameterizedTest(name = "a step of {0} and prompts of {1}: at most {2} between two steps")
  @CsvSource({"10, 1, 3", "10, 5, 2", "1, 5, 1"})
  void aBurstOfPromptsTakesAsLongAsAStepAtMostBeforeTheNextToken(
      int stepTime, int promptTime, int atMost) throws Exception {
    start(
        TokenRules.of(START, Set.of()),
        () -> (long) stepTime * engine.steps() + (long) promptTime * engine.prefills());
    Semaphore permits = engine.gateSteps();
    List<Collector> answers = new ArrayList<>();
    answers.add(submit(prompt(0, 3), 9, false));
    permits.release();
    answers.getFirst().awaitTokens(1);
    while (!permits.hasQueuedThreads()) {
      TimeUnit.MILLISECONDS.sleep(1); // until the second step has begun
    }
    for (int i = 1; i < 4; i++) {
      answers.add(submit(prompt(i, 3), 9, false));
    }
    engine.ungateSteps();
    for (int i = 0; i < answers.size(); i++) {
      answers.get(i).outcome();
      assertThat(answers.get(i).ids()).containsExactly(alone(prompt(i, 3), 9));
    }
    assertThat(engine.maxPrefillsInARow()).isEqualTo(atMost);
  }

  @Test
  void anEndTokenEndsTheAnswerAndIsNotPartOfIt() throws Exception {
    int[] whole = alone(prompt(1, 4), 10);
    start(TokenRules.of(START, Set.of(whole[6])));
    int first = firstIndex(whole, whole[6]);
    Collector answer = submit(prompt(1, 4), 10, false);
    assertThat(answer.outcome())
        .isInstanceOfSatisfying(
            Outcome.Complete.class,
            it -> {
              assertThat(it.reason()).isEqualTo(Outcome.Reason.EOS);
              assertThat(it.tokens()).isEqualTo(first);
            });
    assertThat(answer.ids()).containsExactly(java.util.Arrays.copyOf(whole, first));
    Collector ignoring = submit(prompt(1, 4), 10, true);
    ignoring.outcome();
    assertThat(ignoring.ids()).containsExactly(whole);
  }

  @Test
  void forcedTokensTakeTheFirstAndTheLastPosition() throws Exception {
    start(new TokenRules(START, Set.of(), 17, 18, Set.of()));
    Collector answer = submit(prompt(1, 4), 5, false);
    assertThat(answer.outcome())
        .isInstanceOfSatisfying(
            Outcome.Complete.class, it -> assertThat(it.reason()).isEqualTo(Outcome.Reason.LENGTH));
    assertThat(answer.ids()).hasSize(4).startsWith(17);
  }

  @Test
  void suppressedTokensAreNeverChosen() throws Exception {
    int[] whole = alone(prompt(1, 4), 3);
    start(new TokenRules(START, Set.of(), null, null, Set.of(whole[0])));
    Collector answer = submit(prompt(1, 4), 20, false);
    answer.outcome();
    assertThat(answer.ids()).hasSize(20).doesNotContain(whole[0]);
    Collector unruled = submit(prompt(1, 4), 3, true);
    unruled.outcome();
    assertThat(unruled.ids()).containsExactly(whole);
  }

  @Test
  void aStoppedGenerationLeavesBeforeTheNextStep() throws Exception {
    start(TokenRules.of(START, Set.of()));
    Semaphore permits = engine.gateSteps();
    Collector stopped = new Collector();
    Generation generation = generation(prompt(1, 2), 100, false, stopped);
    scheduler().submit(generation);
    permits.release();
    stopped.awaitTokens(1);
    generation.stop();
    engine.ungateSteps();
    assertThat(stopped.outcome()).isInstanceOf(Outcome.Stopped.class);
    assertThat(stopped.tokens.size()).isBetween(1, 2);
  }

  @Test
  void aFailedStepEndsItsSessionsAndTheNextOnesWork() throws Exception {
    start(TokenRules.of(START, Set.of()));
    engine.failSteps(true);
    assertThat(submit(prompt(1, 2), 5, false).outcome()).isInstanceOf(Outcome.EngineFailed.class);
    engine.failSteps(false);
    Collector next = submit(prompt(2, 2), 5, false);
    assertThat(next.outcome()).isInstanceOf(Outcome.Complete.class);
    assertThat(next.ids()).containsExactly(alone(prompt(2, 2), 5));
    assertThat(events.failures).hasValue(1);
  }

  @Test
  void closingHandsBackWhatRunsAndWhatComes() throws Exception {
    start(TokenRules.of(START, Set.of()));
    Semaphore permits = engine.gateSteps();
    Collector running = submit(prompt(1, 2), 100, false);
    permits.release();
    running.awaitTokens(1);
    Thread closer = Thread.ofPlatform().start(scheduler()::close);
    // Until the owner has its order, between two steps or inside one.
    while (closer.isAlive() && closer.getState() != Thread.State.WAITING) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    engine.ungateSteps();
    assertThat(running.outcome()).isInstanceOf(Outcome.HandedBack.class);
    closer.join();
    assertThat(submit(prompt(2, 2), 5, false).outcome()).isInstanceOf(Outcome.HandedBack.class);
  }

  @Test
  void anEngineThatCannotWarmUpIsReported() {
    engine.failSteps(true);
    scheduler =
        Scheduler.start(engine, TokenRules.of(START, Set.of()), events, Runnable::run, () -> 0);
    assertThatThrownBy(() -> scheduler().warm().get(10, TimeUnit.SECONDS))
        .hasMessageContaining("told to fail");
    scheduler().close();
    assertThat(events.died).isTrue();
    // The owner thread is gone, and with a broken engine nobody may touch the slots again.
    engine.forgetSlots();
  }

  private void start(TokenRules rules) throws Exception {
    start(rules, System::nanoTime);
  }

  private void start(TokenRules rules, LongSupplier nanoClock) throws Exception {
    Scheduler started = Scheduler.start(engine, rules, events, Runnable::run, nanoClock);
    scheduler = started;
    started.warm().get(10, TimeUnit.SECONDS);
    engine.forgetCounts();
  }

  private Scheduler scheduler() {
    return Objects.requireNonNull(scheduler);
  }

  private Collector submit(float[] prompt, int maxNewTokens, boolean ignoreRules) {
    Collector collector = new Collector();
    scheduler().submit(generation(prompt, maxNewTokens, ignoreRules, collector));
    return collector;
  }

  private Generation generation(
      float[] prompt, int maxNewTokens, boolean ignoreRules, Collector sink) {
    int positions = prompt.length / FakeDecoderEngine.WIDTH;
    PromptBuffer buffer =
        Objects.requireNonNull(budget.tryAllocate(positions, FakeDecoderEngine.WIDTH));
    buffer.tail(positions).put(prompt);
    buffer.advance(positions);
    return new Generation(
        1, buffer, new Generation.Request(maxNewTokens, Sampling.GREEDY, ignoreRules, false), sink);
  }

  private static int[] alone(float[] prompt, int tokens) {
    return FakeDecoderEngine.aloneGreedy(prompt, VOCABULARY, START, tokens);
  }

  private static float[] prompt(long seed, int positions) {
    Random random = new Random(seed);
    float[] prompt = new float[positions * FakeDecoderEngine.WIDTH];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = random.nextFloat();
    }
    return prompt;
  }

  private static int firstIndex(int[] values, int value) {
    int index = 0;
    while (values[index] != value) {
      index++;
    }
    return index;
  }

  private static final class Collector implements GenerationSink {
    private final List<Integer> tokens = new ArrayList<>();
    private final Semaphore arrived = new Semaphore(0);
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

    @Override
    public void token(int position, int id, @Nullable FloatBuffer logits) {
      if (position != tokens.size()) {
        outcome.completeExceptionally(new AssertionError("position " + position));
      }
      tokens.add(id);
      arrived.release();
    }

    @Override
    public void flush() {}

    @Override
    public void ended(Outcome ended) {
      if (!outcome.complete(ended)) {
        throw new IllegalStateException("ended twice");
      }
    }

    int[] ids() {
      return tokens.stream().mapToInt(Integer::intValue).toArray();
    }

    void awaitTokens(int count) throws InterruptedException {
      assertThat(arrived.tryAcquire(count, 10, TimeUnit.SECONDS)).isTrue();
    }

    Outcome outcome() throws Exception {
      return outcome.get(10, TimeUnit.SECONDS);
    }
  }

  /** Counts on the owner thread what the tests look at afterwards. */
  private static final class Events implements SchedulerEvents {
    final java.util.concurrent.atomic.AtomicInteger failures =
        new java.util.concurrent.atomic.AtomicInteger();
    volatile boolean died;

    @Override
    public void stepped(int batch, Duration time) {}

    @Override
    public void prefilled(int positions, Duration time) {}

    @Override
    public void firstToken(Duration time) {}

    @Override
    public void tokens(int count) {}

    @Override
    public void engineFailed() {
      failures.incrementAndGet();
    }

    @Override
    public void ownerDied(Throwable cause) {
      died = true;
    }
  }
}
