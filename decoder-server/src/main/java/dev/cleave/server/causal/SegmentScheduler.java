package dev.cleave.server.causal;

import dev.cleave.server.schedule.EngineOwner;
import dev.cleave.server.schedule.EngineWatch;
import dev.cleave.server.session.RowQueue;
import dev.cleave.server.upper.UpperEngine;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs all sessions on one engine, batched anew for every step. The methods are thread-safe and
 * never block; the engine is touched by the owner thread alone, from {@link #start} until {@link
 * #close} returns.
 *
 * <p>Between two steps everything that has arrived is taken in: sessions join and leave, prompts
 * and steps queue in their sessions. What waits is bounded by who calls: a session holds as many
 * rows as its {@link RowQueue} takes, and whatever it asks for stands behind a row of its own. What
 * comes for a session that has left is ignored.
 */
public final class SegmentScheduler implements EngineOwner {

  private static final Logger LOG = LoggerFactory.getLogger(SegmentScheduler.class);

  private sealed interface Work {
    record Join(CausalSession session) implements Work {}

    record Prompt(CausalSession session, RowQueue.Extent rows, int start) implements Work {}

    record EndOfPrompt(CausalSession session, long askedNanos) implements Work {}

    record Step(CausalSession session, RowQueue.Extent rows, int start, long askedNanos)
        implements Work {}

    record Finish(CausalSession session) implements Work {}

    record Stop(CausalSession session) implements Work {}

    record Close() implements Work {}
  }

  private final BlockingQueue<Work> queue = new LinkedBlockingQueue<>();
  private final SegmentBatch batch;
  private final int budget;
  private final SegmentEvents events;
  private final LongSupplier nanoClock;
  private final CompletableFuture<Void> warm = new CompletableFuture<>();
  private final EngineWatch watch;
  private final Thread owner;
  private final Object acceptLock = new Object();
  private boolean accepting = true;
  private volatile boolean died;

  private SegmentScheduler(
      UpperEngine engine, int budget, SegmentEvents events, LongSupplier nanoClock) {
    this.watch = new EngineWatch(nanoClock);
    this.batch = new SegmentBatch(engine, budget, events, nanoClock, watch);
    this.budget = budget;
    this.events = events;
    this.nanoClock = nanoClock;
    this.owner = Thread.ofPlatform().name("cleave-upper").unstarted(this::own);
  }

  /**
   * Starts the owner thread, which first warms the engine.
   *
   * @param engine borrowed until {@link #close} returns
   * @param stepBudget the most positions of one step, in {@code [1, maxStepPositions]}
   */
  public static SegmentScheduler start(
      UpperEngine engine, int stepBudget, SegmentEvents events, LongSupplier nanoClock) {
    if (stepBudget < 1 || stepBudget > engine.shape().maxStepPositions()) {
      throw new IllegalArgumentException(
          "step budget must be in [1, %d], got %d"
              .formatted(engine.shape().maxStepPositions(), stepBudget));
    }
    SegmentScheduler scheduler = new SegmentScheduler(engine, stepBudget, events, nanoClock);
    scheduler.owner.start();
    return scheduler;
  }

  @Override
  public CompletableFuture<Void> warm() {
    return warm.copy();
  }

  /**
   * Takes over a session with its lease and its rows. After {@link #close} it ends at once as
   * handed back.
   */
  public void join(CausalSession session) {
    if (!submit(new Work.Join(session))) {
      session.end(handedBack());
    }
  }

  /** Rows of a prompt, written to the session's queue; {@code start} is the first's position. */
  public void prompt(CausalSession session, RowQueue.Extent rows, int start) {
    submit(new Work.Prompt(session, rows, start));
  }

  /** A token is wanted for the last row of the prompt that came last. */
  public void endOfPrompt(CausalSession session) {
    submit(new Work.EndOfPrompt(session, nanoClock.getAsLong()));
  }

  /** Rows of which each wants a token. */
  public void step(CausalSession session, RowQueue.Extent rows, int start) {
    submit(new Work.Step(session, rows, start, nanoClock.getAsLong()));
  }

  /** Ends the session as closed, once all it asked for is answered. */
  public void finish(CausalSession session) {
    submit(new Work.Finish(session));
  }

  /** Ends the session before its next step. */
  public void stop(CausalSession session) {
    submit(new Work.Stop(session));
  }

  @Override
  public Duration busyFor() {
    return watch.busyFor();
  }

  @Override
  public void abandon() {
    synchronized (acceptLock) {
      if (accepting) {
        accepting = false;
        queue.add(new Work.Close());
      }
    }
  }

  @Override
  public void close() {
    abandon();
    EngineOwner.awaitEnd(owner);
  }

  private boolean submit(Work work) {
    synchronized (acceptLock) {
      return accepting && queue.add(work);
    }
  }

  private void own() {
    boolean closedInOrder = false;
    try {
      batch.warmUp(budget);
      watch.rests(); // what a first call takes tells nothing of the next one
      warm.complete(null);
      computeUntilClosed();
      closedInOrder = true;
    } catch (InterruptedException e) {
      throw new IllegalStateException("the engine's owner thread was interrupted", e);
    } catch (RuntimeException | Error e) {
      LOG.error("upper=stopped cause={}", e.getClass().getName(), e);
      warm.completeExceptionally(e);
      events.ownerDied(e);
    } finally {
      endAll(closedInOrder);
    }
  }

  private void computeUntilClosed() throws InterruptedException {
    boolean computed = false;
    while (true) {
      watch.rests();
      Work work = computed ? queue.poll() : queue.take();
      while (work != null) {
        if (work instanceof Work.Close) {
          return;
        }
        take(work);
        work = queue.poll();
      }
      computed = batch.step();
    }
  }

  private void take(Work work) {
    switch (work) {
      case Work.Join it -> batch.join(it.session());
      case Work.Prompt it -> batch.prompt(it.session(), it.rows(), it.start());
      case Work.EndOfPrompt it -> batch.endOfPrompt(it.session(), it.askedNanos());
      case Work.Step it -> batch.step(it.session(), it.rows(), it.start(), it.askedNanos());
      case Work.Finish it -> batch.finish(it.session());
      case Work.Stop it -> batch.stop(it.session());
      case Work.Close _ -> {}
    }
  }

  private void endAll(boolean engineUsable) {
    synchronized (acceptLock) {
      accepting = false;
      died = !engineUsable;
    }
    watch.rests();
    batch.handBackAll(engineUsable);
    for (Work work = queue.poll(); work != null; work = queue.poll()) {
      if (work instanceof Work.Join join) {
        join.session().end(handedBack());
      }
    }
  }

  private SessionEnd handedBack() {
    return died ? new SessionEnd.EngineLost() : new SessionEnd.HandedBack();
  }
}
