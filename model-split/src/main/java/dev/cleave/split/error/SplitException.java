package dev.cleave.split.error;

import org.jspecify.annotations.Nullable;

/**
 * The root of everything the split module throws that is not a programmer's mistake.
 *
 * <p>A message reads {@code operation subject: detail}; the detail names the value and what to do
 * next. Trying again without changing the input never helps.
 */
public class SplitException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String operation;
  private final String subject;
  private final String detail;

  /** What was attempted ("read", "split"), on what (a file, a tensor), and what went wrong. */
  public SplitException(String operation, String subject, String detail) {
    this(operation, subject, detail, null);
  }

  /** As above, keeping the cause. */
  public SplitException(
      String operation, String subject, String detail, @Nullable Throwable cause) {
    super(operation + " " + subject + ": " + detail, cause);
    this.operation = operation;
    this.subject = subject;
    this.detail = detail;
  }

  /** The verb that failed. */
  public String operation() {
    return operation;
  }

  /** The file, tensor or field it failed on. */
  public String subject() {
    return subject;
  }

  /** What is wrong and the next move. */
  public String detail() {
    return detail;
  }
}
