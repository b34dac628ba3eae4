package dev.cleave.server.schedule;

import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.sampling.TokenRules;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs all generations on one engine. The methods are thread-safe; the engine is touched by the
 * owner thread alone, from {@link #start} until {@link #close} returns.
 *
 * <p>Between two steps waiting generations are prefilled and join the batch, and those that are
 * complete or stopped leave it. While anybody decodes, prefills begin only until they have taken as
 * long as the last step, and one always does: a burst of prompts delays nobody's next token by more
 * than a step and a prefill, and no prompt waits for more steps than stand before it. The active
 * ones occupy the slots {@code [0, batch)}: who leaves has its slot overwritten by the last one's,
 * and the last slot is erased.
 *
 * <p>Admission bounds what is here: a generation is submitted only by who holds a KV slot, so the
 * queue never holds more than the engine has slots.
 */
public final class Scheduler implements EngineOwner {

  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

  private sealed interface Work {
    record Join(Generation generation) implements Work {}

    record Close() implements Work {}
  }

  private final BlockingQueue<Work> queue;
  private final Batch batch;
  private final SchedulerEvents events;
  private final Executor delivery;
  private final LongSupplier nanoClock;
  private final CompletableFuture<Void> warm = new CompletableFuture<>();
  private final EngineWatch watch;
  private final Thread owner;
  private final Object acceptLock = new Object();
  private boolean accepting = true;
  private volatile boolean died;
  private volatile boolean abandoned;

  private Scheduler(
      DecoderEngine engine,
      TokenRules rules,
      SchedulerEvents events,
      Executor delivery,
      LongSupplier nanoClock) {
    this.queue = new ArrayBlockingQueue<>(engine.shape().slots() + 1);
    this.watch = new EngineWatch(nanoClock);
    this.batch = new Batch(engine, rules, events, nanoClock, watch);
    this.events = events;
    this.delivery = delivery;
    this.nanoClock = nanoClock;
    this.owner = Thread.ofPlatform().name("cleave-decoder").unstarted(this::own);
  }

  /**
   * Starts the owner thread, which first warms the engine.
   *
   * @param engine borrowed until {@link #close} returns
   * @param delivery runs {@link GenerationSink#flush}, one task per step
   */
  public static Scheduler start(
      DecoderEngine engine,
      TokenRules rules,
      SchedulerEvents events,
      Executor delivery,
      LongSupplier nanoClock) {
    rules.requireWithin(engine.shape().vocabulary());
    Scheduler scheduler = new Scheduler(engine, rules, events, delivery, nanoClock);
    scheduler.owner.start();
    return scheduler;
  }

  @Override
  public CompletableFuture<Void> warm() {
    return warm.copy();
  }

  /**
   * Takes over a generation and its prompt buffer; never blocks. After {@link #close} it ends at
   * once as handed back.
   */
  public void submit(Generation generation) {
    generation.submitted(nanoClock.getAsLong());
    boolean accepted;
    synchronized (acceptLock) {
      accepted = accepting;
      if (accepted) {
        queue.add(new Work.Join(generation)); // throws when admission was bypassed
      }
    }
    if (!accepted) {
      handBack(generation);
    }
  }

  @Override
  public Duration busyFor() {
    return watch.busyFor();
  }

  @Override
  public void abandon() {
    abandoned = true;
    acceptNoMore();
  }

  @Override
  public void close() {
    acceptNoMore();
    EngineOwner.awaitEnd(owner);
  }

  private void acceptNoMore() {
    synchronized (acceptLock) {
      if (accepting) {
        accepting = false;
        queue.add(new Work.Close());
      }
    }
  }

  private void own() {
    boolean closedInOrder = false;
    try {
      batch.warmUp();
      watch.rests(); // what a first call takes tells nothing of the next one
      warm.complete(null);
      decodeUntilClosed();
      closedInOrder = true;
    } catch (InterruptedException e) {
      throw new IllegalStateException("the decoder's owner thread was interrupted", e);
    } catch (RuntimeException | Error e) {
      LOG.error("decoder=stopped cause={}", e.getClass().getName(), e);
      warm.completeExceptionally(e);
      events.ownerDied(e);
    } finally {
      endAll(closedInOrder);
    }
  }

  private void decodeUntilClosed() throws InterruptedException {
    long stepNanos = 0;
    while (true) {
      watch.rests();
      Work work = batch.isEmpty() ? queue.take() : queue.poll();
      long joiningSince = nanoClock.getAsLong();
      while (work != null) {
        switch (work) {
          case Work.Join join -> batch.join(join.generation());
          case Work.Close close -> {
            return;
          }
        }
        boolean timeIsLeft = nanoClock.getAsLong() - joiningSince < stepNanos;
        work = batch.isEmpty() || timeIsLeft ? queue.poll() : null;
      }
      batch.removeStopped();
      if (!batch.isEmpty()) {
        long began = nanoClock.getAsLong();
        batch.step();
        stepNanos = nanoClock.getAsLong() - began;
      }
      deliver();
    }
  }

  private void deliver() {
    GenerationSink[] touched = batch.takeTouched();
    // Of an owner that was given up nobody takes anything any more: its calls are over.
    if (touched.length > 0 && !abandoned) {
      delivery.execute(() -> {
        for (GenerationSink sink : touched) {
          sink.flush();
        }
      });
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
        handBack(join.generation());
      }
    }
    deliver();
  }

  private void handBack(Generation generation) {
    generation.prompt().close();
    generation.sink().ended(died ? new Outcome.EngineLost() : new Outcome.HandedBack());
    delivery.execute(generation.sink()::flush);
  }
}
