package dev.cleave.hat;

/** Element types of an edge's buffers. */
public enum HatType {
  UINT8(1),
  UINT16(2),
  FLOAT32(4);

  private final int bytes;

  HatType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of an element. */
  public int bytes() {
    return bytes;
  }
}
