package dev.cleave.server.sampling;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Set;

/**
 * Chooses a token id from one row of logits. Confined to one thread; keeps scratch memory between
 * calls, so one sampler serves all sessions of a scheduler.
 *
 * <p>The choice is a pure function of (logits, sampling, suppressed ids, position): sums run in f64
 * in a fixed order with {@link StrictMath}, ties fall to the lower id. A NaN logit is never chosen.
 */
public final class Sampler {

  private static final int NO_TOKEN = -1;

  /** Candidates as sortable keys, best first once sorted: inverted logit order, then id. */
  private long[] keys = new long[0];

  private double[] weights = new double[0];

  /**
   * Chooses a token.
   *
   * @param logits f32 {@code [.., vocabulary]}, read absolutely from {@code offset}
   * @param offset index of the row's first logit
   * @param vocabulary entries of the row
   * @param sampling how to choose
   * @param suppressed ids that are never chosen
   * @param position answer position, 0-based; with the seed it decides the draw
   * @return the id, or -1 when no candidate has a finite logit
   */
  public int choose(
      FloatBuffer logits,
      int offset,
      int vocabulary,
      Sampling sampling,
      Set<Integer> suppressed,
      int position) {
    if (sampling.greedy()) {
      return largest(logits, offset, vocabulary, suppressed);
    }
    int count = candidates(logits, offset, vocabulary, suppressed);
    if (count == 0) {
      return NO_TOKEN;
    }
    count = keepTopK(count, sampling.topK());
    return draw(count, sampling, position);
  }

  /** Overwrites what the last choice left in the scratch memory. */
  public void forget() {
    Arrays.fill(keys, 0);
    Arrays.fill(weights, 0);
  }

  private static int largest(
      FloatBuffer logits, int offset, int vocabulary, Set<Integer> suppressed) {
    int best = NO_TOKEN;
    float bestLogit = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < vocabulary; id++) {
      float logit = logits.get(offset + id);
      if (logit > bestLogit && !suppressed.contains(id)) {
        best = id;
        bestLogit = logit;
      }
    }
    return best;
  }

  private int candidates(FloatBuffer logits, int offset, int vocabulary, Set<Integer> suppressed) {
    if (keys.length < vocabulary) {
      keys = new long[vocabulary];
      weights = new double[vocabulary];
    }
    int count = 0;
    for (int id = 0; id < vocabulary; id++) {
      float logit = logits.get(offset + id);
      if (Float.isFinite(logit) && !suppressed.contains(id)) {
        keys[count++] = key(logit, id);
      }
    }
    return count;
  }

  /** Sorts the best {@code topK} candidates to the front; without a bound nothing moves. */
  private int keepTopK(int count, int topK) {
    if (topK == 0 || topK >= count) {
      return count;
    }
    // A max-heap of the topK smallest keys: the vocabulary is read once and k is small.
    long[] heap = Arrays.copyOf(keys, topK);
    for (int parent = topK / 2 - 1; parent >= 0; parent--) {
      siftDown(heap, parent);
    }
    for (int i = topK; i < count; i++) {
      if (keys[i] < heap[0]) {
        heap[0] = keys[i];
        siftDown(heap, 0);
      }
    }
    System.arraycopy(heap, 0, keys, 0, topK);
    return topK;
  }

  private int draw(int candidates, Sampling sampling, int position) {
    float best = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < candidates; i++) {
      best = Math.max(best, logitOf(keys[i]));
    }
    double total = 0;
    for (int i = 0; i < candidates; i++) {
      total += weight(keys[i], best, sampling.temperature());
    }
    int count = candidates;
    double nucleus = total;
    boolean cut = sampling.topP() > 0 && sampling.topP() < 1;
    if (cut) {
      // All candidates below this weight together hold at most 1 - p: none is in the nucleus.
      double floor = total * (1 - (double) sampling.topP()) / candidates;
      count = 0;
      for (int i = 0; i < candidates; i++) {
        if (weight(keys[i], best, sampling.temperature()) >= floor) {
          keys[count++] = keys[i];
        }
      }
    }
    Arrays.sort(keys, 0, count);
    for (int i = 0; i < count; i++) {
      weights[i] = weight(keys[i], best, sampling.temperature());
    }
    if (cut) {
      double wanted = total * sampling.topP();
      nucleus = 0;
      int kept = 0;
      while (kept < count && nucleus < wanted) {
        nucleus += weights[kept++];
      }
      count = kept;
    }
    double point = CounterRandom.uniform(sampling.seed(), position) * nucleus;
    for (int i = 0; i < count - 1; i++) {
      point -= weights[i];
      if (point < 0) {
        return idOf(keys[i]);
      }
    }
    return idOf(keys[count - 1]);
  }

  private static double weight(long key, float best, float temperature) {
    return StrictMath.exp(((double) logitOf(key) - best) / temperature);
  }

  /** Orders like (logit descending, id ascending) under signed comparison. */
  private static long key(float logit, int id) {
    int bits = Float.floatToRawIntBits(logit + 0f); // + 0f: -0 and 0 are one value
    int ascending = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    return ((long) ~ascending << 32) | id;
  }

  private static float logitOf(long key) {
    int ascending = ~(int) (key >> 32);
    return Float.intBitsToFloat(ascending ^ ((ascending >> 31) & Integer.MAX_VALUE));
  }

  private static int idOf(long key) {
    return (int) key;
  }

  private static void siftDown(long[] heap, int start) {
    int parent = start;
    long moved = heap[parent];
    while (2 * parent + 1 < heap.length) {
      int child = 2 * parent + 1;
      if (child + 1 < heap.length && heap[child + 1] > heap[child]) {
        child++;
      }
      if (heap[child] <= moved) {
        break;
      }
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = moved;
  }
}
