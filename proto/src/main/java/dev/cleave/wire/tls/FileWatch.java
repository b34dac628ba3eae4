package dev.cleave.wire.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads files again when they have changed: by polling, which sees what is behind symbolic links
 * and network mounts too. Thread-safe.
 */
public final class FileWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

  private final List<Path> files;
  private final Runnable reload;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("cleave-files-", 0).factory());

  /** Confined to one thread at a time: the one that starts, then the clock's. */
  private String seen;

  private FileWatch(List<Path> files, Runnable reload) {
    this.files = files;
    this.reload = reload;
    this.seen = fingerprint();
  }

  /**
   * Reads the files once, which may fail, and then whenever they have changed, where a failure is
   * reported and changes nothing.
   *
   * @param period between looks
   * @param reload reads them; throws {@link UnusableFile} and leaves all as it was where it cannot
   */
  public static FileWatch start(List<Path> files, Duration period, Runnable reload) {
    FileWatch watch = new FileWatch(files, reload);
    try {
      reload.run();
    } catch (RuntimeException e) {
      watch.close();
      throw e;
    }
    long nanos = period.toNanos();
    var _ = watch.clock.scheduleWithFixedDelay(watch::look, nanos, nanos, TimeUnit.NANOSECONDS);
    return watch;
  }

  private void look() {
    // Before reading: what changes meanwhile is seen the next time.
    String now = fingerprint();
    if (now.equals(seen)) {
      return;
    }
    seen = now;
    try {
      reload.run();
      LOG.info("files={} outcome=reloaded", files);
    } catch (RuntimeException e) {
      LOG.warn("files={} outcome=kept_the_old cause=\"{}\"", files, e.getMessage());
    }
  }

  private String fingerprint() {
    StringBuilder text = new StringBuilder();
    for (Path file : files) {
      try {
        BasicFileAttributes it = Files.readAttributes(file, BasicFileAttributes.class);
        text.append(it.lastModifiedTime()).append(' ').append(it.size()).append(' ');
        text.append(it.fileKey()).append('\n');
      } catch (IOException e) {
        text.append("unreadable\n");
      }
    }
    return text.toString();
  }

  /** Looks no more. */
  @Override
  public void close() {
    clock.shutdownNow();
  }
}
