package dev.cleave.edge.replay;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before a session is opened again: doubling, with jitter, so that the clients of
 * a server that died do not come back all at once. As thread-safe as its generator.
 *
 * @param first the longest wait before the first attempt
 * @param most the longest wait of all
 * @param jitter draws from the upper half of each wait
 */
record Backoff(Duration first, Duration most, RandomGenerator jitter) {

  /** From 50 ms to 2 s. */
  static Backoff usual(RandomGenerator jitter) {
    return new Backoff(Duration.ofMillis(50), Duration.ofSeconds(2), jitter);
  }

  /** Nanoseconds to wait after so many failures in a row. */
  long nanos(int failures) {
    long full = first.toNanos() << Math.min(failures, 20);
    full = Math.min(full, most.toNanos());
    return full / 2 + jitter.nextLong(full / 2 + 1);
  }
}
