package dev.cleave.bench.chaos.fleet;

import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/** Watches a process and keeps the most that it held. Closing ends that. Thread-safe. */
public final class PeakUse implements AutoCloseable {
  private static final long PERIOD_NANOS = 100_000_000;

  private final long pid;
  private final Thread watcher;
  private volatile boolean ended;
  private ProcessUse peak;

  private PeakUse(long pid, ProcessUse first) {
    this.pid = pid;
    this.peak = first;
    this.watcher = Thread.ofVirtual().unstarted(this::watch);
  }

  /** Begins to watch. */
  public static PeakUse of(long pid) throws IOException {
    PeakUse use = new PeakUse(pid, ProcessUse.of(pid));
    use.watcher.start();
    return use;
  }

  private void watch() {
    while (!ended) {
      try {
        add(ProcessUse.of(pid));
      } catch (IOException gone) {
        return; // who waits for the process finds that out
      }
      LockSupport.parkNanos(PERIOD_NANOS);
    }
  }

  private synchronized void add(ProcessUse now) {
    peak =
        new ProcessUse(
            Math.max(peak.residentBytes(), now.residentBytes()),
            Math.max(peak.hugePageBytes(), now.hugePageBytes()),
            Math.max(peak.threads(), now.threads()),
            Math.max(peak.files(), now.files()));
  }

  /** The most of each so far. */
  public synchronized ProcessUse peak() {
    return peak;
  }

  @Override
  public void close() {
    ended = true;
    LockSupport.unpark(watcher);
  }
}
