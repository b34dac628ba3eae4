package dev.cleave.server.engine;

import dev.cleave.server.ServerException;
import org.jspecify.annotations.Nullable;

/** An engine could not be opened or a computation in it failed. */
public final class EngineException extends ServerException {

  private static final long serialVersionUID = 1L;

  /**
   * @param operation what was attempted, such as {@code open engine}
   * @param subject on what, such as a path or a device
   * @param nextMove what the operator or the caller can do about it
   */
  public EngineException(
      String operation, String subject, String nextMove, @Nullable Throwable cause) {
    super(operation, subject, nextMove, cause);
  }
}
