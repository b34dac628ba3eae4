package dev.cleave.codec.kernel;

/**
 * How {@link Kernels#quantise(float[], int, int, Cut, byte[])} numbers the cells of a line: symbol
 * s is the cell about {@code s - reach} steps. Immutable.
 *
 * @param perStep steps in a unit
 * @param reach the cells on either side of that about zero, 0 to {@value #MAX_REACH}
 */
public record Cut(float perStep, int reach) {
  /** The most cells on a side that a byte can tell apart, with a symbol to spare. */
  public static final int MAX_REACH = 127;

  /** Checks the reach. */
  public Cut {
    if (reach < 0 || reach > MAX_REACH) {
      throw new IllegalArgumentException("the reach must be 0 to 127, was " + reach);
    }
  }

  /** The symbol of all that lies beyond the cells. */
  public int beyond() {
    return 2 * reach + 1;
  }

  /** One more than half, so that what lies below the lowest cell does not round up to it. */
  float shift() {
    return reach + 1.5f;
  }
}
