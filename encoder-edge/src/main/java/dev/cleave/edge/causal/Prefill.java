package dev.cleave.edge.causal;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.StreamCancelled;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Computes a prompt chunk by chunk on a thread of its own, while another codes and sends what is
 * computed already and the server is at what was sent before. Never more chunks than there are
 * buffers are under way. The lower half belongs to this from the start until {@link #join}.
 */
final class Prefill implements Runnable {
  /** The first chunks are small: everything behind the device waits for them. */
  private static final int FIRST_CHUNK = 16;

  /**
   * Some positions, computed.
   *
   * @param start position of the first
   * @param positions how many
   * @param hidden f32 [positions, width] from its position to its limit; until {@link #recycle}
   */
  record Chunk(int start, int positions, FloatBuffer hidden) {}

  private final LowerHalf lower;
  private final int[] tokens;
  private final int start;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<FloatBuffer> free;
  private final ArrayDeque<Chunk> ready = new ArrayDeque<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private boolean stopped;
  private @Nullable RuntimeException failure;
  private int taken;
  private long computeNanos;

  private Prefill(LowerHalf lower, int[] tokens, int start) {
    this.lower = lower;
    this.tokens = tokens;
    this.start = start;
    this.free = new ArrayDeque<>(lower.chunks());
  }

  /**
   * Begins to compute.
   *
   * @param lower computed up to {@code start}
   * @param tokens of the positions from {@code start} on, at least one; not changed any more
   * @throws java.util.concurrent.RejectedExecutionException when there is no thread
   */
  static Prefill start(Executor executor, LowerHalf lower, int[] tokens, int start) {
    Prefill prefill = new Prefill(lower, tokens, start);
    executor.execute(prefill);
    return prefill;
  }

  @Override
  public void run() {
    try {
      int done = 0;
      int most = FIRST_CHUNK;
      while (done < tokens.length) {
        FloatBuffer buffer = takeFree();
        if (buffer == null) {
          return;
        }
        int count = Math.min(Math.min(most, LowerHalf.MAX_CHUNK), tokens.length - done);
        long before = System.nanoTime();
        lower.append(tokens, done, count, buffer);
        put(new Chunk(start + done, count, buffer), System.nanoTime() - before);
        done += count;
        most *= 2;
      }
    } catch (CleaveException e) {
      fail(e);
    } catch (RuntimeException | OutOfMemoryError e) {
      fail(
          CleaveException.fatal(
                  Code.ENGINE,
                  "could not compute a prompt of %d positions".formatted(tokens.length),
                  "free some memory, or report this with the output of --verbose")
              .causedBy(e));
    } finally {
      ended.countDown();
    }
  }

  /** Whether chunks are left to take. */
  boolean hasNext() {
    return taken < tokens.length;
  }

  /**
   * The next chunk, waiting for it. One thread takes.
   *
   * @throws CleaveException when it could not be computed
   * @throws StreamCancelled when this was stopped
   */
  Chunk take() {
    lock.lock();
    try {
      while (ready.isEmpty() && failure == null && !stopped) {
        changed.awaitUninterruptibly();
      }
      if (stopped) {
        throw new StreamCancelled();
      }
      if (failure != null) {
        throw failure;
      }
      Chunk chunk = ready.remove();
      taken += chunk.positions();
      return chunk;
    } finally {
      lock.unlock();
    }
  }

  /** Gives the buffer of a chunk back. */
  void recycle(Chunk chunk) {
    lock.lock();
    try {
      free.add(chunk.hidden());
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Computes nothing that is not under way yet. From any thread. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Stops and waits until nothing is computed any more. */
  void join() {
    stop();
    boolean interrupted = false;
    while (ended.getCount() > 0) {
      try {
        ended.await();
      } catch (InterruptedException e) {
        // The lower half is in use until then: nobody may have it.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** How long computing took so far. */
  long computeNanos() {
    lock.lock();
    try {
      return computeNanos;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable FloatBuffer takeFree() {
    lock.lock();
    try {
      while (free.isEmpty() && !stopped) {
        changed.awaitUninterruptibly();
      }
      return stopped ? null : free.remove();
    } finally {
      lock.unlock();
    }
  }

  private void put(Chunk chunk, long nanos) {
    lock.lock();
    try {
      computeNanos += nanos;
      ready.add(chunk);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void fail(RuntimeException e) {
    lock.lock();
    try {
      failure = e;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
