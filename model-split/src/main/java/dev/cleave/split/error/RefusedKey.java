package dev.cleave.split.error;

import org.jspecify.annotations.Nullable;

/** A key's file cannot be used: not there, no key of the wanted kind, or open to others. */
public final class RefusedKey extends SplitException {
  private static final long serialVersionUID = 1;

  /** The file and what is wrong with it; never the key. */
  public RefusedKey(String subject, String detail, @Nullable Throwable cause) {
    super("use the key", subject, detail, cause);
  }
}
