package dev.cleave.split.error;

import org.jspecify.annotations.Nullable;

/** A file of a checkpoint, or a tensor file of a bundle, is damaged, cut short or lies. */
public final class MalformedCheckpoint extends SplitException {
  private static final long serialVersionUID = 1;

  /** The file (and tensor) and what is wrong with it. */
  public MalformedCheckpoint(String subject, String detail) {
    super("read", subject, detail);
  }

  /** As above, keeping the cause. */
  public MalformedCheckpoint(String subject, String detail, @Nullable Throwable cause) {
    super("read", subject, detail, cause);
  }
}
