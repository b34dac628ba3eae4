package dev.cleave.server.upper;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** How long reading so many bytes of memory takes, on so many threads. */
final class ReadTime implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final ExecutorService pool;
  private final int threads;
  private volatile long sink;

  ReadTime(long bytes, int threads) {
    this.memory = arena.allocate(bytes / 4096 * 4096, 4096);
    this.memory.fill((byte) 1);
    this.threads = threads;
    this.pool = Executors.newFixedThreadPool(threads);
  }

  int threads() {
    return threads;
  }

  double millis() {
    long start = UpperTimes.nanos(threads);
    if (threads == 1) {
      sink = sum(memory);
      return (UpperTimes.nanos(threads) - start) / 1e6;
    }
    CountDownLatch done = new CountDownLatch(threads);
    long part = memory.byteSize() / threads / 64 * 64;
    for (int n = 0; n < threads; n++) {
      MemorySegment own = memory.asSlice(n * part, part);
      pool.execute(() -> {
        sink = sum(own);
        done.countDown();
      });
    }
    try {
      done.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return (UpperTimes.nanos(threads) - start) / 1e6;
  }

  private static long sum(MemorySegment memory) {
    LongBuffer longs = memory.asByteBuffer().order(ByteOrder.nativeOrder()).asLongBuffer();
    long a = 0;
    long b = 0;
    long c = 0;
    long d = 0;
    for (int n = 0; n + 3 < longs.capacity(); n += 4) {
      a += longs.get(n);
      b += longs.get(n + 1);
      c += longs.get(n + 2);
      d += longs.get(n + 3);
    }
    return a + b + c + d;
  }

  @Override
  public void close() {
    pool.shutdownNow();
    arena.close();
  }
}
