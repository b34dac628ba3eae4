package dev.cleave.edge.error;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of the device half. Its message names what was attempted, the value concerned
 * and the next move, on one line; it never holds prompt text, token ids or tensor contents.
 * Immutable.
 */
public final class CleaveException extends RuntimeException {

  /** Where the failure comes from. */
  public enum Code {
    /** The caller's input or options cannot be served: empty text, too long, out of range. */
    INPUT,
    /** The bundle on this device cannot be read or does not verify. */
    BUNDLE,
    /** The bundle on this device is not signed by a trusted key, or was changed since. */
    TRUST,
    /** Tokenizer or encoder failed. */
    ENGINE,
    /** The server could not be reached, or the connection was lost. */
    LINK,
    /** The server refused or failed, and said why. */
    SERVER,
    /** The server broke the protocol. */
    PROTOCOL,
    /** The deadline passed. */
    DEADLINE,
    /** A server that took a session over answers otherwise than the one before. */
    DIVERGED,
    /** What this device keeps of a session on disk cannot be written or read. */
    JOURNAL,
    /** This client was closed or the thread interrupted. */
    CLOSED
  }

  private final Code code;
  private final Category category;
  private final @Nullable Duration retryDelay;

  private CleaveException(
      Code code,
      Category category,
      String message,
      @Nullable Duration retryDelay,
      @Nullable Throwable cause) {
    super(message.replace('\n', ' '), cause);
    this.code = code;
    this.category = category;
    this.retryDelay = retryDelay;
  }

  /** A failure that will repeat until something is changed. */
  public static CleaveException fatal(Code code, String attempted, String nextMove) {
    return of(code, Category.FATAL, attempted, nextMove);
  }

  /** A failure whose category the caller states. */
  public static CleaveException of(Code code, Category category, String attempted, String next) {
    return new CleaveException(code, category, attempted + "; " + next, null, null);
  }

  /** This failure with the exception that led to it. */
  public CleaveException causedBy(Throwable cause) {
    return new CleaveException(code, category, message(), retryDelay, cause);
  }

  /** This failure with the delay that the server asked for before the next try. */
  public CleaveException withRetryDelay(Duration delay) {
    return new CleaveException(code, category, message(), delay, getCause());
  }

  /** Where the failure comes from. */
  public Code code() {
    return code;
  }

  /** What to do about it. */
  public Category category() {
    return category;
  }

  /** How long to wait before the next try, where the server said so. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(retryDelay);
  }

  private String message() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
