package dev.cleave.server;

import org.jspecify.annotations.Nullable;

/** The root of what the server throws: names the operation, its subject and the next move. */
public class ServerException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String operation;
  private final String subject;

  /**
   * @param operation what was attempted
   * @param subject on what
   * @param nextMove what the operator or the caller can do about it
   */
  public ServerException(
      String operation, String subject, String nextMove, @Nullable Throwable cause) {
    super("cannot " + operation + " (" + subject + "): " + nextMove, cause);
    this.operation = operation;
    this.subject = subject;
  }

  /** What was attempted. */
  public String operation() {
    return operation;
  }

  /** On what it was attempted. */
  public String subject() {
    return subject;
  }
}
