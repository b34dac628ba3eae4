package dev.cleave.codec.payload;

/**
 * A payload holds what no encoder writes. The frame decoder turns it into the one exception that
 * callers see.
 */
public final class CorruptPayload extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int offset;

  /**
   * A refusal.
   *
   * @param offset index in the frame's buffer of the first byte that is wrong
   * @param message what is wrong, without tensor values
   */
  public CorruptPayload(int offset, String message) {
    super(message);
    this.offset = offset;
  }

  /** Index in the frame's buffer of the first byte that is wrong. */
  public int offset() {
    return offset;
  }
}
