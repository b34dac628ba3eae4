package dev.cleave.codec;

/** The two headers a frame may start with; the first byte of a frame tells which. */
public enum HeaderForm {
  /** 64 bytes, self-contained: for files, tests and the first frame of a stream. */
  LONG(LongHeader.BYTES),
  /** 12 bytes: mode and width come from the {@link StreamSpec} that was agreed at the opening. */
  SHORT(ShortHeader.BYTES);

  private final int bytes;

  HeaderForm(int bytes) {
    this.bytes = bytes;
  }

  /** Length of this header. */
  public int bytes() {
    return bytes;
  }
}
