package dev.cleave.bench.measure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongConsumer;

/**
 * How fast this machine copies and reads memory now: the bound of what must read all weights for
 * one token. Confined to one thread.
 */
public final class CopyRate implements AutoCloseable {
  private static final long BYTES = 256L << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment source = arena.allocate(BYTES, 64);
  private final MemorySegment target = arena.allocate(BYTES, 64);
  private final int threads;
  private final long part;

  /**
   * Takes the memory.
   *
   * @param threads that copy together
   */
  public CopyRate(int threads) {
    this.threads = threads;
    this.part = BYTES / threads;
    source.fill((byte) 1);
    target.fill((byte) 2);
  }

  /** Copies once. The rate counts each copied byte once, though it is read and written. */
  public double copiedBytesPerSecond() throws InterruptedException {
    return bytesPerSecond(1, from -> MemorySegment.copy(source, from, target, from, part));
  }

  /** Reads two areas at once, which are the same after a copy. */
  public double readBytesPerSecond() throws InterruptedException {
    return bytesPerSecond(2, this::compare);
  }

  private void compare(long from) {
    if (source.asSlice(from, part).mismatch(target.asSlice(from, part)) >= 0) {
      throw new IllegalStateException("read before anything was copied");
    }
  }

  private double bytesPerSecond(int areas, LongConsumer work) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(threads);
    long began = System.nanoTime();
    for (int n = 0; n < threads; n++) {
      long from = n * part;
      Thread.ofPlatform()
          .start(() -> {
            try {
              work.accept(from);
            } finally {
              done.countDown();
            }
          });
    }
    done.await();
    return areas * part * threads * 1e9 / (System.nanoTime() - began);
  }

  @Override
  public void close() {
    arena.close();
  }
}
