package dev.cleave.lab.measure;

import dev.cleave.lab.half.Asked;
import dev.cleave.lab.half.ForcedModel;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The next-token distributions of raw states, of one batch. Immutable.
 *
 * <p>Probabilities are kept as f16, times 2^15: eleven bits of each that matters, which a
 * divergence from them does not feel, in half the memory.
 */
final class Truth {
  private static final float SCALE = 1 << 15;

  private final int vocabulary;
  private final List<Asked> rows;
  private final Entry[] entries;

  /** One distribution. */
  private static final class Entry {
    final short[] probabilities;

    /** Of the probabilities as they are kept. */
    final double sum;

    /** Sum of p log p. */
    final double negativeEntropy;

    final int likeliest;

    Entry(short[] probabilities, double sum, double negativeEntropy, int likeliest) {
      this.probabilities = probabilities;
      this.sum = sum;
      this.negativeEntropy = negativeEntropy;
      this.likeliest = likeliest;
    }
  }

  /** What a codec did to one distribution. */
  private record Change(double kl, boolean agrees) {}

  private Truth(int vocabulary, List<Asked> rows, Entry[] entries) {
    this.vocabulary = vocabulary;
    this.rows = rows;
    this.entries = entries;
  }

  /** Bytes for as many distributions. */
  static long bytes(long distributions, int vocabulary) {
    return distributions * vocabulary * Short.BYTES;
  }

  /**
   * The distributions of these logits.
   *
   * @param logits f32 {@code [rows, most count, vocabulary]}; those behind a row's count are left
   *     out
   */
  static Truth of(FloatBuffer logits, int vocabulary, List<Asked> rows) {
    Entry[] entries =
        offsets(rows, vocabulary)
            .parallel()
            .mapToObj(at -> entry(logits, at, vocabulary))
            .toArray(Entry[]::new);
    return new Truth(vocabulary, rows, entries);
  }

  /** Where each distribution's logits begin. */
  private static IntStream offsets(List<Asked> rows, int vocabulary) {
    int most = ForcedModel.mostCount(rows);
    return IntStream.range(0, rows.size())
        .flatMap(
            r -> IntStream.range(0, rows.get(r).count()).map(n -> (r * most + n) * vocabulary));
  }

  private static Entry entry(FloatBuffer logits, int at, int vocabulary) {
    float[] row = new float[vocabulary];
    logits.get(at, row);
    int best = argmax(row);
    double log = logSum(row, row[best]);
    short[] probabilities = new short[vocabulary];
    double sum = 0;
    double entropy = 0;
    for (int id = 0; id < vocabulary; id++) {
      float p = (float) (SCALE * Math.exp(row[id] - log));
      probabilities[id] = Float.floatToFloat16(p);
      float kept = Float.float16ToFloat(probabilities[id]);
      if (kept > 0) {
        sum += kept;
        entropy += kept * Math.log(kept);
      }
    }
    return new Entry(probabilities, sum, entropy / sum - Math.log(sum), best);
  }

  /**
   * Adds to {@code sums} the divergence, the number of likeliest tokens that stayed, and tokens.
   */
  void compare(FloatBuffer logits, double[] sums) {
    int[] offsets = offsets(rows, vocabulary).toArray();
    List<Change> changes =
        IntStream.range(0, entries.length)
            .parallel()
            .mapToObj(i -> change(entries[i], logits, offsets[i]))
            .toList();
    for (Change change : changes) {
      sums[0] += change.kl;
      sums[1] += change.agrees ? 1 : 0;
      sums[2]++;
    }
  }

  private Change change(Entry truth, FloatBuffer logits, int at) {
    float[] row = new float[vocabulary];
    logits.get(at, row);
    int best = argmax(row);
    double cross = 0;
    for (int id = 0; id < vocabulary; id++) {
      cross += Float.float16ToFloat(truth.probabilities[id]) * ((double) row[id] - row[best]);
    }
    // sum p (log p - log q), with log q = logit - logSum, both less the largest logit: the
    // probabilities are rounded. So the result may be -1e-9.
    double kl = truth.negativeEntropy - cross / truth.sum + (logSum(row, row[best]) - row[best]);
    return new Change(Math.max(0, kl), best == truth.likeliest);
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
