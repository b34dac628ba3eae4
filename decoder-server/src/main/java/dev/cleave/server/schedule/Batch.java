package dev.cleave.server.schedule;

import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.StepResult;
import dev.cleave.server.sampling.Sampler;
import dev.cleave.server.sampling.TokenRules;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The generations that decode together; row {@code i} owns the engine's slot {@code i}. Confined to
 * the scheduler's owner thread.
 */
final class Batch {

  private static final Logger LOG = LoggerFactory.getLogger(Batch.class);
  private static final int NO_TOKEN = -1;
  private static final int WARM_UP_STEPS = 3;

  private final DecoderEngine engine;
  private final EngineWatch watch;
  private final TokenRules rules;
  private final SchedulerEvents events;
  private final LongSupplier nanoClock;
  private final Sampler sampler = new Sampler();
  private final List<Row> rows = new ArrayList<>();
  private final Set<GenerationSink> touched = new LinkedHashSet<>();
  private final long[] tokens;
  private final long[] positions;
  private final int vocabulary;
  private boolean left;

  Batch(
      DecoderEngine engine,
      TokenRules rules,
      SchedulerEvents events,
      LongSupplier nanoClock,
      EngineWatch watch) {
    this.engine = engine;
    this.watch = watch;
    this.rules = rules;
    this.events = events;
    this.nanoClock = nanoClock;
    this.tokens = new long[engine.shape().slots()];
    this.positions = new long[engine.shape().slots()];
    this.vocabulary = engine.shape().vocabulary();
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  /** Computes on zeros, so that the first session does not pay for lazy initialisation. */
  void warmUp() {
    FloatBuffer zeros =
        ByteBuffer.allocateDirect(engine.shape().width() * Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    int slots = engine.shape().slots();
    for (int slot = 0; slot < slots; slot++) {
      engine.prefill(slot, zeros, 1);
      tokens[slot] = rules.startTokenId();
      positions[slot] = 0;
    }
    for (int step = 0; step < WARM_UP_STEPS; step++) {
      engine.step(1, tokens, positions, true);
      engine.step(slots, tokens, positions, false);
    }
    for (int slot = 0; slot < slots; slot++) {
      engine.clearSlot(slot);
    }
  }

  void join(Generation generation) {
    int slot = rows.size();
    if (generation.stopped()) {
      generation.prompt().close();
      end(generation, new Outcome.Stopped(0, 0, 0));
      return;
    }
    long start = nanoClock.getAsLong();
    watch.begins();
    try (var prompt = generation.prompt()) {
      engine.prefill(slot, prompt.received(), prompt.positions());
      events.prefilled(prompt.positions(), Duration.ofNanos(nanoClock.getAsLong() - start));
    } catch (RuntimeException e) {
      engineFailed("prefill", e);
      try {
        engine.clearSlot(slot);
      } finally {
        end(generation, new Outcome.EngineFailed(e));
      }
      return;
    } catch (Error e) {
      end(generation, new Outcome.EngineLost());
      throw e;
    }
    rows.add(new Row(generation, rules));
  }

  /** Lets those leave whose client no longer wants them. */
  void removeStopped() {
    for (int i = rows.size() - 1; i >= 0; i--) {
      if (rows.get(i).generation.stopped()) {
        leave(i, rows.get(i).stopped());
      }
    }
    forget();
  }

  /** One token for every row; rows that are then complete leave. */
  void step() {
    int batch = rows.size();
    long start = nanoClock.getAsLong();
    watch.begins();
    int[] chosen;
    StepResult result;
    try {
      result = compute();
      chosen = choose(result);
    } catch (RuntimeException e) {
      engineFailed("step", e);
      for (int i = batch - 1; i >= 0; i--) {
        leave(i, new Outcome.EngineFailed(e));
      }
      forget();
      return;
    }
    long now = nanoClock.getAsLong();
    events.stepped(batch, Duration.ofNanos(now - start));
    Outcome[] outcomes = new Outcome[batch];
    int sent = 0;
    for (int i = 0; i < batch; i++) {
      Row row = rows.get(i);
      @Nullable Outcome end = endBefore(row, chosen[i]);
      if (end == null) {
        if (row.first()) {
          events.firstToken(Duration.ofNanos(now - row.generation.submittedNanos()));
        }
        send(row, chosen[i], result, i, now);
        sent++;
        end =
            row.position() < row.generation.request().maxNewTokens()
                ? null
                : row.complete(Outcome.Reason.LENGTH);
      }
      if (end != null) {
        outcomes[i] = end;
      }
    }
    events.tokens(sent);
    // From the last row down: the row that moves into a hole has been judged already.
    for (int i = batch - 1; i >= 0; i--) {
      Outcome outcome = outcomes[i];
      if (outcome != null) {
        leave(i, outcome);
      }
    }
    forget();
  }

  /** Leaves nothing of those that have left in what steps share; others fill it anew. */
  private void forget() {
    if (left) {
      left = false;
      Arrays.fill(tokens, 0);
      sampler.forget();
      engine.forgetStep();
    }
  }

  private StepResult compute() {
    int batch = rows.size();
    boolean wantLogits = false;
    for (int i = 0; i < batch; i++) {
      Row row = rows.get(i);
      tokens[i] = row.nextToken();
      positions[i] = row.position();
      wantLogits |= row.needsLogits();
    }
    StepResult result = engine.step(batch, tokens, positions, wantLogits);
    if (!wantLogits && anySuppressed(result)) {
      // Rare: the best token is one the checkpoint forbids. The same step once more, with all
      // logits, writes the same KV.
      result = engine.step(batch, tokens, positions, true);
    }
    return result;
  }

  private boolean anySuppressed(StepResult result) {
    if (rules.suppressedTokenIds().isEmpty()) {
      return false;
    }
    for (int i = 0; i < rows.size(); i++) {
      if (!rows.get(i).generation.request().ignoreRules()
          && rules.suppressedTokenIds().contains(result.argmax(i))) {
        return true;
      }
    }
    return false;
  }

  private int[] choose(StepResult result) {
    int[] chosen = new int[rows.size()];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = choose(rows.get(i), result, i);
    }
    return chosen;
  }

  private int choose(Row row, StepResult result, int index) {
    var request = row.generation.request();
    boolean ruled = !request.ignoreRules();
    Integer forced = rules.forcedBosTokenId();
    if (ruled && row.position() == 0 && forced != null) {
      return forced;
    }
    Set<Integer> suppressed = ruled ? rules.suppressedTokenIds() : Set.of();
    if (request.sampling().greedy()) {
      int best = result.argmax(index);
      if (!suppressed.contains(best)) {
        return best;
      }
    }
    return sampler.choose(
        result.logits(),
        index * vocabulary,
        vocabulary,
        request.sampling(),
        suppressed,
        row.position());
  }

  /** How the row ends when {@code token} is not part of its answer; null when it is. */
  private @Nullable Outcome endBefore(Row row, int token) {
    if (token == NO_TOKEN) {
      return new Outcome.EngineFailed(new ArithmeticException("no logit is finite"));
    }
    if (row.generation.request().ignoreRules()) {
      return null;
    }
    if (rules.eosTokenIds().contains(token)) {
      return row.complete(Outcome.Reason.EOS);
    }
    // The forced end token takes the last position, as the transformers library counts it.
    return rules.forcedEosTokenId() != null && row.lastPosition()
        ? row.complete(Outcome.Reason.LENGTH)
        : null;
  }

  private void send(Row row, int token, StepResult result, int index, long now) {
    FloatBuffer logits =
        row.generation.request().wantLogits()
            ? result.logits().slice(index * vocabulary, vocabulary)
            : null;
    row.generation.sink().token(row.position(), token, logits);
    touched.add(row.generation.sink());
    row.advance(token, now);
  }

  /** Fills the hole with the last row, so that the active slots stay dense, and erases that one. */
  private void leave(int index, Outcome outcome) {
    int last = rows.size() - 1;
    Row leaving = rows.get(index);
    rows.set(index, rows.get(last));
    rows.remove(last);
    left = true;
    watch.begins();
    try {
      if (index != last) {
        engine.copySlot(last, index);
      }
      engine.clearSlot(last);
    } finally {
      end(leaving.generation, outcome); // also when the engine breaks here: nobody is forgotten
    }
  }

  void handBackAll(boolean engineUsable) {
    for (int i = rows.size() - 1; i >= 0; i--) {
      if (engineUsable) {
        engine.clearSlot(i);
      }
      end(
          rows.get(i).generation,
          engineUsable ? new Outcome.HandedBack() : new Outcome.EngineLost());
    }
    left = engineUsable && !rows.isEmpty();
    rows.clear();
    forget();
  }

  /** The sinks that got something since the last call. */
  GenerationSink[] takeTouched() {
    GenerationSink[] sinks = touched.toArray(GenerationSink[]::new);
    touched.clear();
    return sinks;
  }

  private void end(Generation generation, Outcome outcome) {
    generation.sink().ended(outcome);
    touched.add(generation.sink());
  }

  private void engineFailed(String operation, RuntimeException cause) {
    events.engineFailed();
    // Engines keep values out of their messages, those of native libraries included.
    LOG.error("engine={} outcome=failed sessions={}", operation, rows.size(), cause);
  }
}
