package dev.cleave.server.telemetry;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What OpenTelemetry has to say of its exports, in the server's own log: a line without the stack,
 * and one a minute at most, since a collector that is away fails every few seconds. Thread-safe.
 */
final class ExportLog extends Handler {

  private static final Logger LOG = LoggerFactory.getLogger(Telemetry.class);
  private static final long BETWEEN_NANOS = Duration.ofMinutes(1).toNanos();

  /** Held, or the JDK forgets the logger and what was set on it. */
  private static final java.util.logging.Logger SOURCE =
      java.util.logging.Logger.getLogger("io.opentelemetry");

  private final AtomicLong nextNanos = new AtomicLong(System.nanoTime());

  private ExportLog() {}

  /** Takes the library's log over. Idempotent. */
  static void takeOver() {
    synchronized (SOURCE) {
      for (Handler handler : SOURCE.getHandlers()) {
        if (handler instanceof ExportLog) {
          return;
        }
      }
      SOURCE.setUseParentHandlers(false);
      SOURCE.addHandler(new ExportLog());
    }
  }

  @Override
  public void publish(LogRecord record) {
    if (record.getLevel().intValue() < Level.WARNING.intValue()) {
      return;
    }
    long next = nextNanos.get();
    long now = System.nanoTime();
    if (now - next >= 0 && nextNanos.compareAndSet(next, now + BETWEEN_NANOS)) {
      LOG.warn(
          "telemetry=export outcome=failed said={}",
          String.valueOf(record.getMessage()).replaceAll("\\R", " "));
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
