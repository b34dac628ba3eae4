package dev.cleave.server.metrics;

import dev.cleave.server.causal.SegmentEvents;
import dev.cleave.server.schedule.SchedulerEvents;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.function.ToDoubleFunction;

/**
 * The server's meters; every name starts with {@code cleave.}. Counts and times only: nothing here
 * depends on what a session computes. Thread-safe.
 */
public final class ServerMetrics implements SchedulerEvents, SegmentEvents {

  private static final int MAX_ROWS = 512;

  private final MeterRegistry registry;
  private final Counter frames;
  private final Counter frameBytes;
  private final Counter positions;
  private final Counter tokens;
  private final Counter engineFailures;
  private final Counter drafts;
  private final Counter takenOver;
  private final AtomicInteger waitingRows = new AtomicInteger();
  private final DistributionSummary stepBatch;
  private final DistributionSummary stepPromptRows;
  private final DistributionSummary stepRows;
  private final Timer stepTime;
  private final Timer prefillTime;
  private final Timer firstTokenTime;
  private final Runnable onOwnerDeath;

  /**
   * @param registry borrowed
   * @param maxBatch the largest batch a step can have, for the histogram's buckets
   * @param onOwnerDeath runs when the decoder's owner thread has died
   */
  public ServerMetrics(MeterRegistry registry, int maxBatch, Runnable onOwnerDeath) {
    this.registry = registry;
    this.onOwnerDeath = onOwnerDeath;
    this.frames = counter("cleave.frames", "Hidden frames accepted");
    this.frameBytes = counter("cleave.frame.bytes", "Encoded bytes of the frames accepted");
    this.positions = counter("cleave.prompt.positions", "Prompt positions received");
    this.tokens = counter("cleave.tokens", "Tokens generated");
    this.engineFailures = counter("cleave.engine.failures", "Engine calls that failed");
    this.drafts = counter("cleave.drafts.verified", "Tokens that stand behind a draft");
    this.takenOver =
        counter("cleave.sessions.taken.over", "Sessions opened again while they lived here");
    this.stepBatch = summary("cleave.step.batch", "Sessions per decode step", maxBatch);
    this.stepPromptRows =
        summary("cleave.step.prompt.rows", "Causal: prompt positions per step", MAX_ROWS);
    this.stepRows =
        summary("cleave.step.rows", "Causal: positions per step that get a token", MAX_ROWS);
    this.stepTime = timer("cleave.step", "One decode step of all active sessions");
    this.prefillTime = timer("cleave.prefill", "Cross-attention K and V of one prompt");
    this.firstTokenTime = timer("cleave.first.token", "End of a prompt to its first token");
  }

  /**
   * Registers the gauges over the server's state.
   *
   * @param kvUsedBytes what the taken slots hold
   */
  public void watch(
      KvSlots slots,
      ToDoubleFunction<KvSlots> kvUsedBytes,
      PromptBudget prompts,
      IntSupplier openSessions) {
    gauge("cleave.kv.slots", "KV slots of the engine", slots, KvSlots::total);
    gauge("cleave.kv.slots.free", "KV slots that no session owns", slots, KvSlots::free);
    Gauge.builder("cleave.kv.used", slots, kvUsedBytes)
        .description("KV memory that sessions own")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    if (slots.totalPositions() > 0) {
      gauge("cleave.kv.positions", "KV positions of all sessions", slots, KvSlots::totalPositions);
      gauge(
          "cleave.kv.positions.free",
          "KV positions that no session has reserved",
          slots,
          KvSlots::freePositions);
      gauge(
          "cleave.queue.rows",
          "Positions received that wait for a step",
          waitingRows,
          AtomicInteger::get);
    }
    Gauge.builder("cleave.prompt.buffer", prompts, p -> (double) p.heldBytes())
        .description("Memory of prompts that are not prefilled yet")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    gauge(
        "cleave.sessions.open",
        "Generate calls that were admitted and have not ended",
        openSessions,
        IntSupplier::getAsInt);
  }

  /** One frame of a prompt was accepted. */
  public void frame(long encodedBytes, int framePositions) {
    frames.increment();
    frameBytes.increment((double) encodedBytes);
    positions.increment(framePositions);
  }

  /** One frame of a step was accepted. */
  public void stepFrame(long encodedBytes) {
    frames.increment();
    frameBytes.increment((double) encodedBytes);
  }

  /** A session was refused or failed for the documented {@code reason}. */
  public void rejected(String reason) {
    Counter.builder("cleave.rejects")
        .description("Sessions that ended with a documented error, by reason")
        .tag("reason", reason)
        .register(registry)
        .increment();
  }

  /** A session was opened again here while its older stream still lived. */
  public void takenOver() {
    takenOver.increment();
  }

  /** A session left: {@code eos}, {@code length}, {@code cancelled}, {@code closed}. */
  public void ended(String outcome) {
    Counter.builder("cleave.sessions.ended")
        .description("Admitted sessions that ended, by outcome")
        .tag("outcome", outcome)
        .register(registry)
        .increment();
  }

  @Override
  public void stepped(int batch, Duration time) {
    stepBatch.record(batch);
    stepTime.record(time);
  }

  @Override
  public void prefilled(int promptPositions, Duration time) {
    prefillTime.record(time);
  }

  @Override
  public void firstToken(Duration time) {
    firstTokenTime.record(time);
  }

  @Override
  public void tokens(int count) {
    tokens.increment(count);
  }

  @Override
  public void stepped(int sessions, int promptRows, int rows, Duration time) {
    stepBatch.record(sessions);
    stepPromptRows.record(promptRows);
    stepRows.record(rows);
    stepTime.record(time);
  }

  @Override
  public void waiting(int rows) {
    waitingRows.set(rows);
  }

  @Override
  public void tokens(int count, int behindDrafts) {
    tokens.increment(count);
    drafts.increment(behindDrafts);
  }

  @Override
  public void engineFailed() {
    engineFailures.increment();
  }

  @Override
  public void ownerDied(Throwable cause) {
    onOwnerDeath.run();
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).register(registry);
  }

  private DistributionSummary summary(String name, String description, int max) {
    return DistributionSummary.builder(name)
        .description(description)
        .serviceLevelObjectives(powersOfTwo(max))
        .register(registry);
  }

  private Timer timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofNanos(100_000))
        .maximumExpectedValue(Duration.ofSeconds(10))
        .register(registry);
  }

  private <T> void gauge(String name, String description, T source, ToDoubleFunction<T> value) {
    // Strong: a meter that watches a method reference would else lose it to the collector.
    Gauge.builder(name, source, value)
        .description(description)
        .strongReference(true)
        .register(registry);
  }

  private static double[] powersOfTwo(int max) {
    int count = 32 - Integer.numberOfLeadingZeros(Math.max(1, max));
    double[] buckets = new double[count];
    for (int i = 0; i < count; i++) {
      buckets[i] = 1 << i;
    }
    return buckets;
  }
}
