package dev.cleave.server.causal;

import dev.cleave.server.engine.StepResult;
import dev.cleave.server.sampling.Sampler;
import dev.cleave.server.schedule.EngineWatch;
import dev.cleave.server.session.RowQueue;
import dev.cleave.server.upper.Segment;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperShape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sessions that compute together. Confined to the scheduler's owner thread. */
final class SegmentBatch {

  private static final Logger LOG = LoggerFactory.getLogger(SegmentBatch.class);
  private static final int NO_TOKEN = -1;
  private static final int WARM_UP_ROWS = 8;
  private static final int WARM_UP_STEPS = 3;

  private final UpperEngine engine;
  private final EngineWatch watch;
  private final SegmentEvents events;
  private final LongSupplier nanoClock;
  private final StepPlan plan;
  private final Sampler sampler = new Sampler();
  private final List<Lane> lanes = new ArrayList<>();
  private final BitSet taken = new BitSet();
  private final FloatBuffer hidden;
  private final int vocabulary;
  private boolean left;

  SegmentBatch(
      UpperEngine engine,
      int budget,
      SegmentEvents events,
      LongSupplier nanoClock,
      EngineWatch watch) {
    UpperShape shape = engine.shape();
    this.engine = engine;
    this.watch = watch;
    this.events = events;
    this.nanoClock = nanoClock;
    this.plan = new StepPlan(budget);
    this.vocabulary = shape.vocabulary();
    this.hidden =
        ByteBuffer.allocateDirect(
                Math.toIntExact((long) Math.max(budget, 2) * shape.width() * Float.BYTES))
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
  }

  /** Computes on zeros, so that the first session does not pay for lazy initialisation. */
  void warmUp(int budget) {
    int room = engine.shape().maxPositions();
    int rows = Math.clamp(room - 1, 1, Math.min(WARM_UP_ROWS, budget));
    engine.allocate(0, Math.min(room, rows + 1));
    for (int step = 0; step < WARM_UP_STEPS; step++) {
      engine.step(List.of(new Segment(0, 0, rows, 1)), hidden, true);
      if (rows < room) {
        engine.step(List.of(new Segment(0, rows, 1, 1)), hidden, false);
      }
    }
    engine.free(0);
  }

  void join(CausalSession session) {
    // Admission counts the slots: who holds a lease finds one.
    int slot = taken.nextClearBit(0);
    watch.begins();
    try {
      engine.allocate(slot, session.positions());
    } catch (RuntimeException e) {
      engineFailed("allocate", 1, e);
      try {
        engine.free(slot);
      } finally {
        session.end(new SessionEnd.EngineFailed());
      }
      return;
    } catch (Error e) {
      session.end(new SessionEnd.EngineLost());
      throw e;
    }
    taken.set(slot);
    Lane lane = new Lane(session, slot);
    session.lane = lane;
    lanes.add(lane);
  }

  /** Lets a session leave; does nothing when it has left already. */
  void stop(CausalSession session) {
    Lane lane = session.lane;
    if (lane != null) {
      leave(lane, new SessionEnd.Stopped(lane.tally()));
      countWaiting();
      forget();
    }
  }

  /** Lets a session leave once all it asked for is answered. */
  void finish(CausalSession session) {
    Lane lane = session.lane;
    if (lane != null) {
      lane.finish();
      leaveIfFinished(lane);
      forget();
    }
  }

  void prompt(CausalSession session, RowQueue.Extent extent, int start) {
    Lane lane = session.lane;
    if (lane != null) {
      lane.prompt(extent, start);
    }
  }

  void endOfPrompt(CausalSession session, long askedNanos) {
    Lane lane = session.lane;
    if (lane != null) {
      lane.endOfPrompt(askedNanos);
    }
  }

  void step(CausalSession session, RowQueue.Extent extent, int start, long askedNanos) {
    Lane lane = session.lane;
    if (lane != null) {
      lane.step(extent, start, askedNanos);
    }
  }

  /**
   * One step of those that have something to compute.
   *
   * @return false when nobody has
   */
  boolean step() {
    List<StepPlan.Part> parts = plan.next(lanes);
    if (parts.isEmpty()) {
      return false;
    }
    long startNanos = nanoClock.getAsLong();
    watch.begins();
    List<Segment> segments = gather(parts);
    List<int[]> answers;
    StepResult result;
    try {
      boolean wantLogits = false;
      for (int i = 0; i < parts.size(); i++) {
        wantLogits |= segments.get(i).answers() > 0 && requestOf(parts.get(i)).needsLogits();
      }
      result = engine.step(segments, hidden, wantLogits);
      answers = choose(parts, segments, result);
    } catch (RuntimeException e) {
      engineFailed("step", parts.size(), e);
      for (StepPlan.Part part : parts) {
        leave(part.lane(), new SessionEnd.EngineFailed());
      }
      forget();
      return true;
    }
    answer(parts, segments, answers, result);
    countStep(parts, startNanos);
    forget();
    return true;
  }

  /** Leaves nothing of those that have left in what steps share; others fill it anew. */
  private void forget() {
    if (left) {
      left = false;
      MemorySegment.ofBuffer(hidden.clear()).fill((byte) 0);
      sampler.forget();
      engine.forgetStep();
    }
  }

  private List<Segment> gather(List<StepPlan.Part> parts) {
    hidden.clear();
    List<Segment> segments = new ArrayList<>(parts.size());
    for (StepPlan.Part part : parts) {
      segments.add(part.lane().take(part.positions(), hidden));
    }
    hidden.flip();
    countWaiting();
    // Before the step: what is received during it is there for the next one.
    for (StepPlan.Part part : parts) {
      part.lane().session.sink().room();
    }
    return segments;
  }

  private void countWaiting() {
    int rows = 0;
    for (Lane lane : lanes) {
      rows += lane.waitingRows();
    }
    events.waiting(rows);
  }

  private List<int[]> choose(List<StepPlan.Part> parts, List<Segment> segments, StepResult result) {
    List<int[]> answers = new ArrayList<>(parts.size());
    int row = 0;
    for (int i = 0; i < parts.size(); i++) {
      Segment segment = segments.get(i);
      int[] ids = new int[segment.answers()];
      for (int a = 0; a < ids.length; a++) {
        // The token stands behind the row that it is sampled from.
        int position = segment.end() - ids.length + a + 1;
        ids[a] = choose(requestOf(parts.get(i)), result, row++, position);
      }
      answers.add(ids);
    }
    return answers;
  }

  private int choose(CausalSession.Request request, StepResult result, int row, int position) {
    return request.sampling().greedy()
        ? result.argmax(row)
        : sampler.choose(
            result.logits(), row * vocabulary, vocabulary, request.sampling(), Set.of(), position);
  }

  private void answer(
      List<StepPlan.Part> parts, List<Segment> segments, List<int[]> answers, StepResult result) {
    long now = nanoClock.getAsLong();
    int row = 0;
    for (int i = 0; i < parts.size(); i++) {
      int[] ids = answers.get(i);
      if (ids.length == 0) {
        continue;
      }
      Lane lane = parts.get(i).lane();
      FloatBuffer logits =
          requestOf(parts.get(i)).wantLogits()
              ? result.logits().slice(row * vocabulary, ids.length * vocabulary)
              : null;
      row += ids.length;
      if (!parts.get(i).step()) {
        events.firstToken(Duration.ofNanos(lane.waitedNanos(now)));
      }
      send(lane, segments.get(i), ids, logits, now);
    }
  }

  private void send(
      Lane lane, Segment segment, int[] ids, @Nullable FloatBuffer logits, long nowNanos) {
    for (int id : ids) {
      if (id == NO_TOKEN) {
        engineFailed("sample", 1, new ArithmeticException("no logit is finite"));
        leave(lane, new SessionEnd.EngineFailed());
        return;
      }
    }
    lane.answered(ids.length, nowNanos);
    lane.session.sink().sampled(segment.end() - ids.length, ids, logits);
    // Behind the answer: who sees it counted may ask on.
    events.tokens(ids.length, ids.length - 1);
    leaveIfFinished(lane);
  }

  private void leaveIfFinished(Lane lane) {
    if (lane.finished()) {
      leave(lane, new SessionEnd.Closed(lane.tally()));
    }
  }

  private void countStep(List<StepPlan.Part> parts, long startNanos) {
    int promptRows = 0;
    int stepRows = 0;
    for (StepPlan.Part part : parts) {
      promptRows += part.step() ? 0 : part.positions();
      stepRows += part.step() ? part.positions() : 0;
    }
    events.stepped(
        parts.size(), promptRows, stepRows, Duration.ofNanos(nanoClock.getAsLong() - startNanos));
  }

  void handBackAll(boolean engineUsable) {
    left = engineUsable && !lanes.isEmpty();
    while (!lanes.isEmpty()) {
      Lane lane = lanes.removeLast();
      lane.session.lane = null;
      if (engineUsable) {
        engine.free(lane.slot);
      }
      lane.session.end(engineUsable ? new SessionEnd.HandedBack() : new SessionEnd.EngineLost());
    }
    taken.clear();
    forget();
  }

  private void leave(Lane lane, SessionEnd end) {
    lanes.remove(lane);
    lane.session.lane = null;
    left = true;
    watch.begins();
    try {
      engine.free(lane.slot);
      taken.clear(lane.slot);
    } finally {
      lane.session.end(end); // also when the engine breaks here: nobody is forgotten
    }
  }

  private static CausalSession.Request requestOf(StepPlan.Part part) {
    return part.lane().session.request();
  }

  private void engineFailed(String operation, int sessions, RuntimeException cause) {
    events.engineFailed();
    // Engines keep values out of their messages, those of native libraries included.
    LOG.error("engine={} outcome=failed sessions={}", operation, sessions, cause);
  }
}
