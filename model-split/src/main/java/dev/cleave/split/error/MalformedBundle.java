package dev.cleave.split.error;

import org.jspecify.annotations.Nullable;

/** A bundle is incomplete, was changed after it was written, or its manifest says nonsense. */
public final class MalformedBundle extends SplitException {
  private static final long serialVersionUID = 1;

  /** The file and what is wrong with it. */
  public MalformedBundle(String subject, String detail) {
    super("open", subject, detail);
  }

  /** As above, keeping the cause. */
  public MalformedBundle(String subject, String detail, @Nullable Throwable cause) {
    super("open", subject, detail, cause);
  }
}
