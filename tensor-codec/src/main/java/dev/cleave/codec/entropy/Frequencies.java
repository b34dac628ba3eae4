package dev.cleave.codec.entropy;

/** Whole frequencies that add up to {@link SymbolTable#TOTAL}, made from weights. Stateless. */
public final class Frequencies {
  private static final int COST_UNIT = 1 << SymbolTable.COST_BITS;
  private static final double LN_2 = StrictMath.log(2);

  private Frequencies() {}

  /**
   * Fills in the frequencies nearest to the weights' shares: at least 1 for every weight above 0, 0
   * for all others. The same on every JVM.
   *
   * @param weights not negative, at least two above 0
   * @param frequencies as long; overwritten
   */
  public static void normalise(double[] weights, int[] frequencies) {
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    int left = SymbolTable.TOTAL;
    for (int i = 0; i < weights.length; i++) {
      int share = (int) (weights[i] / sum * SymbolTable.TOTAL + 0.5);
      frequencies[i] = weights[i] > 0 ? Math.clamp(share, 1, SymbolTable.TOTAL - 1) : 0;
      left -= frequencies[i];
    }
    for (; left > 0; left--) {
      frequencies[mostInNeed(weights, frequencies)]++;
    }
    for (; left < 0; left++) {
      frequencies[leastInNeed(weights, frequencies)]--;
    }
  }

  /**
   * What a symbol of this frequency costs, in {@code 2^-}{@link SymbolTable#COST_BITS} bit; the
   * same on every JVM.
   */
  public static int cost(int frequency) {
    double bits = SymbolTable.PROBABILITY_BITS - StrictMath.log(frequency) / LN_2;
    return (int) (bits * COST_UNIT + 0.5);
  }

  private static int mostInNeed(double[] weights, int[] frequencies) {
    int best = 0;
    double most = -1;
    for (int i = 0; i < weights.length; i++) {
      double gain = weights[i] / (frequencies[i] + 0.5);
      if (gain > most && frequencies[i] < SymbolTable.TOTAL - 1) {
        most = gain;
        best = i;
      }
    }
    return best;
  }

  private static int leastInNeed(double[] weights, int[] frequencies) {
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int i = 0; i < weights.length; i++) {
      double loss = weights[i] / (frequencies[i] - 0.5);
      if (frequencies[i] > 1 && loss < least) {
        least = loss;
        best = i;
      }
    }
    return best;
  }
}
