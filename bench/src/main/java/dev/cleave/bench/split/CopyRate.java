package dev.cleave.bench.split;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;

/**
 * How fast this machine copies memory now: the bound of what must read all weights for one token.
 * The rate counts the bytes that are copied, once.
 */
final class CopyRate implements AutoCloseable {
  private static final long BYTES = 256L << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment source = arena.allocate(BYTES, 64);
  private final MemorySegment target = arena.allocate(BYTES, 64);
  private final int threads;

  CopyRate(int threads) {
    this.threads = threads;
    source.fill((byte) 1);
    target.fill((byte) 2);
  }

  /** Copies once, all threads together. */
  double bytesPerSecond() throws InterruptedException {
    long part = BYTES / threads;
    CountDownLatch done = new CountDownLatch(threads);
    long began = System.nanoTime();
    for (int n = 0; n < threads; n++) {
      long from = n * part;
      Thread.ofPlatform()
          .start(() -> {
            MemorySegment.copy(source, from, target, from, part);
            done.countDown();
          });
    }
    done.await();
    return part * threads * 1e9 / (System.nanoTime() - began);
  }

  @Override
  public void close() {
    arena.close();
  }
}
