package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.SymbolTable;

/**
 * What it costs to go on from a state of a trellis, and with which symbol: for values between two
 * multiples of the step that follow one another, the candidates are the same. Immutable; made once
 * for each class, 36 bytes a step of its alphabet.
 *
 * <pre>
 *    way          0               1              2              3
 *                 EVEN, even      EVEN, odd      ODD, even      ODD, odd index
 *
 *    metrics      8k .. 8k+3: where the candidates lie     8k+4 .. 8k+7: what their bits cost
 *    symbols      k: a byte each
 * </pre>
 */
final class Ways {
  /** Squared steps that a bit is worth. */
  static final float LAMBDA = 0.25f;

  static final float PER_COST = LAMBDA / (1 << SymbolTable.COST_BITS);

  /** Floats of each k. */
  static final int METRICS = 8;

  final float[] metrics;
  final int[] symbols;

  /** The multiple of the step that k = 0 stands for, with its sign changed. */
  final int offset;

  /** What zero costs, which may be cheaper than an even index that is nearer. */
  final float evenZero;

  final float oddZero;

  /** The symbols of zero, at the bytes of ways 0 and 2. */
  final int evenZeroSymbol;

  final int oddZeroSymbol;

  /** Covers the values whose candidates all have symbols of their own, and none for raw bits. */
  Ways(Cells even, Cells odd) {
    // Multiples -offset .. offset - 1 have even indices -offset/2 .. offset/2 around them.
    int reach = Math.min(even.reach, odd.reach);
    offset = even.rawBits > 0 ? 0 : Math.max(0, 2 * reach - 1);
    metrics = new float[2 * offset * METRICS];
    symbols = new int[2 * offset];
    for (int k = 0; k < symbols.length; k++) {
      int multiple = k - offset;
      candidates(even, multiple >> 1, k, 0);
      candidates(odd, ((multiple + 1) >> 1) - (multiple < 0 ? 1 : 0), k, 2);
    }
    evenZero = even.costs[even.reach] * PER_COST;
    oddZero = odd.costs[odd.reach] * PER_COST;
    evenZeroSymbol = even.reach;
    oddZeroSymbol = odd.reach << 16;
  }

  private void candidates(Cells cells, int lower, int k, int way) {
    for (int q = lower; q <= lower + 1; q++) {
      int symbol = q + cells.reach;
      int to = way + (q & 1);
      metrics[METRICS * k + to] = cells.centroids[symbol];
      metrics[METRICS * k + 4 + to] = cells.costs[symbol] * PER_COST;
      symbols[k] |= symbol << (8 * to);
    }
  }
}
