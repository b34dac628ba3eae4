package dev.cleave.split.error;

/** A bundle lacks the signature that is asked for, or was changed after it was signed. */
public final class UntrustedBundle extends SplitException {
  private static final long serialVersionUID = 1;

  /** The file, and what it lacks. */
  public UntrustedBundle(String subject, String detail) {
    super("trust", subject, detail);
  }
}
