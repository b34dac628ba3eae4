package dev.cleave.lab.measure;

import java.nio.FloatBuffer;

/** The next-token distributions of raw states, of one batch. Immutable. */
final class Truth {
  private final int vocabulary;

  /** Of every token fed, {@code [fed, vocabulary]}. */
  private final float[] probabilities;

  /** Sum of p log p of each. */
  private final double[] negativeEntropies;

  private final int[] likeliest;

  private Truth(int vocabulary, int fed) {
    this.vocabulary = vocabulary;
    this.probabilities = new float[Math.multiplyExact(fed, vocabulary)];
    this.negativeEntropies = new double[fed];
    this.likeliest = new int[fed];
  }

  /**
   * The distributions of these logits.
   *
   * @param logits f32 {@code [rows, tokens, vocabulary]}
   * @param lengths tokens of each row; the logits behind them are left out
   */
  static Truth of(FloatBuffer logits, int tokens, int vocabulary, int[] lengths) {
    int fed = 0;
    for (int length : lengths) {
      fed += length;
    }
    Truth truth = new Truth(vocabulary, fed);
    float[] row = new float[vocabulary];
    int at = 0;
    for (int r = 0; r < lengths.length; r++) {
      for (int n = 0; n < lengths[r]; n++) {
        logits.get((r * tokens + n) * vocabulary, row);
        truth.put(at++, row);
      }
    }
    return truth;
  }

  private void put(int at, float[] row) {
    int best = argmax(row);
    double log = logSum(row, row[best]);
    double entropy = 0;
    for (int id = 0; id < vocabulary; id++) {
      double logP = row[id] - log;
      double p = Math.exp(logP);
      probabilities[at * vocabulary + id] = (float) p;
      entropy += p * logP;
    }
    negativeEntropies[at] = entropy;
    likeliest[at] = best;
  }

  /**
   * Adds to {@code sums} the divergence, the number of likeliest tokens that stayed, and tokens.
   */
  void compare(FloatBuffer logits, int tokens, int[] lengths, double[] sums) {
    float[] row = new float[vocabulary];
    int at = 0;
    for (int r = 0; r < lengths.length; r++) {
      for (int n = 0; n < lengths[r]; n++, at++) {
        logits.get((r * tokens + n) * vocabulary, row);
        int best = argmax(row);
        double cross = 0;
        for (int id = 0; id < vocabulary; id++) {
          cross += probabilities[at * vocabulary + id] * ((double) row[id] - row[best]);
        }
        // sum p (log p - log q), with log q = logit - logSum, both less the largest logit: the
        // probabilities are rounded. So the result may be -1e-9.
        double kl = negativeEntropies[at] - cross + (logSum(row, row[best]) - row[best]);
        sums[0] += Math.max(0, kl);
        sums[1] += best == likeliest[at] ? 1 : 0;
        sums[2]++;
      }
    }
  }

  private static double logSum(float[] row, float largest) {
    double sum = 0;
    for (float logit : row) {
      sum += Math.exp((double) logit - largest);
    }
    return largest + Math.log(sum);
  }

  private static int argmax(float[] row) {
    int best = 0;
    for (int id = 1; id < row.length; id++) {
      if (row[id] > row[best]) {
        best = id;
      }
    }
    return best;
  }
}
