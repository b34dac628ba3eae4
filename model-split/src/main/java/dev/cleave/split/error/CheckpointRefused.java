package dev.cleave.split.error;

/**
 * The checkpoint is readable but asks for something that the block description cannot say, or its
 * tensors are not the ones its config announces. Nothing is ever approximated instead.
 */
public final class CheckpointRefused extends SplitException {
  private static final long serialVersionUID = 1;

  /** The config key, tensor or architecture that is refused, and why. */
  public CheckpointRefused(String subject, String reason) {
    super("split", subject, reason);
  }

  /** Subject and reason in one line, without the verb. */
  public String reason() {
    return subject() + ": " + detail();
  }
}
