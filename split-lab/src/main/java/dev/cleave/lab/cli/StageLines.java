package dev.cleave.lab.cli;

import dev.cleave.lab.half.LabProgress;
import java.io.PrintWriter;
import java.util.function.LongSupplier;

/** A line for a stage that takes over two seconds, and every five after that. Thread-safe. */
final class StageLines implements LabProgress {
  private static final long QUIET_NANOS = 2_000_000_000L;
  private static final long BETWEEN_NANOS = 5_000_000_000L;

  private final PrintWriter err;
  private final LongSupplier nanoTime;
  private String stage = "";
  private long next;

  StageLines(PrintWriter err, LongSupplier nanoTime) {
    this.err = err;
    this.nanoTime = nanoTime;
  }

  @Override
  public synchronized void at(String now, int done, int total) {
    long time = nanoTime.getAsLong();
    if (!now.equals(stage)) {
      stage = now;
      next = time + QUIET_NANOS;
    }
    if (time >= next) {
      next = time + BETWEEN_NANOS;
      err.println(total > 0 ? "%s: %d of %d".formatted(now, done, total) : now + ": " + done);
      err.flush();
    }
  }
}
