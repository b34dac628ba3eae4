package dev.cleave.edge.replay;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import java.time.Duration;
import java.util.function.IntSupplier;

/**
 * Whether and when one session is opened again. A session that no server has opened yet asks each
 * of them once, without waiting, as a wrong address does not mend itself; one that was opened goes
 * on until the limit. Confined to who holds the session's lock.
 */
final class Attempts {
  private final Recovery recovery;
  private final Backoff backoff;
  private final IntSupplier servers;
  private int first;
  private int attempt;
  private boolean opened;
  private int inARow;
  private int refused;
  private int failed;

  /**
   * For a session that is being opened.
   *
   * @param attempt how often it was opened before, by another process as well
   * @param servers how many there are
   */
  Attempts(Recovery recovery, Backoff backoff, IntSupplier servers, int attempt) {
    this.recovery = recovery;
    this.backoff = backoff;
    this.servers = servers;
    this.attempt = attempt;
    this.first = attempt;
  }

  /** The number for Open. */
  int attempt() {
    return attempt;
  }

  /** Another process has opened the session, as far as anybody knows. */
  void resumed() {
    opened = true;
    first = attempt + 1;
  }

  private int tried() {
    return attempt - first + 1;
  }

  /** A server has opened the session. */
  void opened() {
    opened = true;
    refused = 0;
  }

  /** A server has answered what was new. */
  void progressed() {
    inARow = 0;
  }

  /**
   * Counts another attempt.
   *
   * @param why the failure of the last one
   * @return nanoseconds to wait before it
   * @throws CleaveException when there is none any more
   */
  long next(CleaveException why) {
    int known = Math.max(1, servers.getAsInt());
    Loss loss = Loss.of(why);
    boolean hopeless =
        switch (loss) {
          case LOST -> false;
          case REFUSED -> ++refused >= known;
          case FAILED -> ++failed > 1;
          case FINAL -> true;
        };
    if (hopeless || (!opened && tried() >= known)) {
      throw why;
    }
    if (tried() >= recovery.attempts()) {
      throw CleaveException.of(
              why.code(),
              Category.RETRY,
              "gave up the session after opening it %d times (--retries %d), the last time: %s"
                  .formatted(tried(), recovery.attempts() - 1, why.getMessage()),
              "or allow more")
          .causedBy(why);
    }
    attempt++;
    if (!opened) {
      return 0;
    }
    long wait = backoff.nanos(inARow);
    inARow++;
    // The others were not asked to be left alone.
    boolean allAsked = inARow % known == 0;
    return allAsked ? Math.max(wait, why.retryDelay().map(Duration::toNanos).orElse(0L)) : wait;
  }

  /** What to say where not all that was sent is here any more. */
  CleaveException keptTooLittle(CleaveException why) {
    String reason =
        recovery.enabled()
            ? "it has sent more than the %,d bytes that are kept (--keep-bytes)"
                .formatted(recovery.maxBytesKept())
            : "it is not to be opened again (--retries 0)";
    return CleaveException.of(
            why.code(),
            Category.REOPEN_SESSION,
            "the session is lost with its server, as %s: %s".formatted(reason, why.getMessage()),
            recovery.enabled() ? "or keep more" : "or allow some")
        .causedBy(why);
  }
}
