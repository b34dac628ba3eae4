package dev.cleave.codec.entropy;

/**
 * The frequencies of up to 256 symbols, laid out for coding: one int per slot for the decoder, four
 * longs per symbol for the encoder, 24 KiB. Not to be changed while others use it; shareable once
 * it has been published safely.
 *
 * <pre>
 *    slot      31          20 19           8 7         0
 *             +--------------+--------------+-----------+
 *             |  frequency   |  bias        |  symbol   |     bias = slot - first slot of the symbol
 *             +--------------+--------------+-----------+
 * </pre>
 */
public final class SymbolTable {
  /** Frequencies are shares of {@code 2^12}. */
  public static final int PROBABILITY_BITS = 12;

  /** What the frequencies of a table add up to. */
  public static final int TOTAL = 1 << PROBABILITY_BITS;

  /** The most symbols. */
  public static final int MAX_SYMBOLS = 256;

  /** Binary digits after the point of {@link Frequencies#cost}. */
  public static final int COST_BITS = 10;

  static final int SLOT_MASK = TOTAL - 1;

  /** A state is below frequency x 2^20 when it is divided: 2^44 makes the product exact. */
  static final int RECIPROCAL_SHIFT = 44;

  final int[] slots = new int[TOTAL];

  /**
   * Per symbol four longs, so that coding one is additions and two products: the rounded-up 2^44 /
   * frequency, the largest state it fits in without giving up a word, the first slot, and the slots
   * of all others.
   */
  final long[] symbols = new long[4 * MAX_SYMBOLS];

  /** A table in which every slot is symbol 0's but the last; {@link #assign} makes it useful. */
  public SymbolTable() {}

  /** A table of these frequencies, as {@link #assign} takes them. */
  public static SymbolTable of(int[] frequencies) {
    SymbolTable table = new SymbolTable();
    table.assign(frequencies);
    return table;
  }

  /**
   * Lays out these frequencies.
   *
   * @param frequencies of symbols 0, 1, ...: at most {@link #MAX_SYMBOLS}, each 0 to {@link #TOTAL}
   *     - 1 and {@link #TOTAL} in all; borrowed
   */
  public void assign(int[] frequencies) {
    int start = 0;
    for (int frequency : frequencies) {
      if (frequency < 0 || frequency >= TOTAL) {
        throw new IllegalArgumentException("a frequency must be 0 to 4095, was " + frequency);
      }
      start += frequency;
    }
    if (frequencies.length > MAX_SYMBOLS || start != TOTAL) {
      throw new IllegalArgumentException(
          "a table has up to %d symbols with %d slots in all, not %d with %d"
              .formatted(MAX_SYMBOLS, TOTAL, frequencies.length, start));
    }
    start = 0;
    for (int symbol = 0; symbol < frequencies.length; symbol++) {
      int frequency = frequencies[symbol];
      if (frequency > 0) {
        symbols[4 * symbol] = ((1L << RECIPROCAL_SHIFT) + frequency - 1) / frequency;
      }
      symbols[4 * symbol + 1] = ((long) frequency << 20) - 1;
      symbols[4 * symbol + 2] = start;
      symbols[4 * symbol + 3] = (long) TOTAL - frequency;
      for (int bias = 0; bias < frequency; bias++) {
        slots[start + bias] = (frequency << 20) | (bias << 8) | symbol;
      }
      start += frequency;
    }
  }
}
