package dev.cleave.split.hailo.sim;

/** How many bits the weights of linears are rounded to, each row by its own scale. */
public enum WeightBits {
  /** One byte each, as most models are compiled. */
  EIGHT(8, Byte.MAX_VALUE),
  /** Two bytes each, where one costs too much. */
  SIXTEEN(16, Short.MAX_VALUE);

  private final int bits;
  private final int most;

  WeightBits(int bits, int most) {
    this.bits = bits;
    this.most = most;
  }

  /** 8 or 16. */
  public int bits() {
    return bits;
  }

  /** The largest stored value; the smallest is its opposite. */
  int most() {
    return most;
  }
}
