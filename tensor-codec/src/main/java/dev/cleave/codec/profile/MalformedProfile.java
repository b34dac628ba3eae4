package dev.cleave.codec.profile;

/** The bytes are not a profile, or not all of one. Nothing of them is used. */
public final class MalformedProfile extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long offset;

  MalformedProfile(long offset, String message) {
    super("malformed profile at byte " + offset + ": " + message);
    this.offset = offset;
  }

  /** Where: the byte offset from the start of the profile. */
  public long offset() {
    return offset;
  }
}
