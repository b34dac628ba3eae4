package dev.cleave.hat;

/**
 * What went wrong at the device. Its message says what was attempted, the status, and what to do.
 */
public final class HatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What the caller can do. */
  public enum Category {
    /** The same once more may succeed. */
    RETRY,
    /** Close the session and open it again; the device as well where that fails. */
    REOPEN_SESSION,
    /** Something must be mended first. */
    FATAL
  }

  private final Category category;
  private final int status;
  private final String statusName;

  /**
   * A failure.
   *
   * @param what was attempted, with its subject
   * @param status of the library, or 0 where it was not asked
   * @param statusName as the library has it
   * @param next what to do about it
   */
  public HatException(Category category, String what, int status, String statusName, String next) {
    super(
        status == 0
            ? "%s; %s".formatted(what, next)
            : "%s: %s (%d); %s".formatted(what, statusName, status, next));
    this.category = category;
    this.status = status;
    this.statusName = statusName;
  }

  /** What to do next. */
  public Category category() {
    return category;
  }

  /** The library's, or 0. */
  public int status() {
    return status;
  }

  /** Its name, as the library has it. */
  public String statusName() {
    return statusName;
  }
}
