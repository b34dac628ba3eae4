package dev.cleave.lab.cli;

import dev.cleave.lab.measure.LabProgress;
import java.io.PrintWriter;
import java.util.function.LongSupplier;

/** One line every few seconds for what takes longer. Thread-safe. */
final class StageLines implements LabProgress {
  private static final long QUIET_NANOS = 2_000_000_000L;

  private final PrintWriter err;
  private final LongSupplier nanoTime;
  private String stage = "";
  private long last;

  StageLines(PrintWriter err, LongSupplier nanoTime) {
    this.err = err;
    this.nanoTime = nanoTime;
    this.last = nanoTime.getAsLong();
  }

  @Override
  public synchronized void at(String now, int done, int total) {
    long time = nanoTime.getAsLong();
    if (!now.equals(stage)) {
      stage = now;
      // a stage that follows quick ones is named when it has taken as long itself
      last = Math.max(last, time - QUIET_NANOS / 2);
    }
    if (time - last >= QUIET_NANOS) {
      last = time;
      err.println(total > 0 ? "%s: %d of %d".formatted(now, done, total) : now + ": " + done);
      err.flush();
    }
  }
}
