package dev.cleave.lab.calibrate;

import dev.cleave.lab.measure.CodingEffect;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;

/**
 * Finds the fewest bytes per position with which a codec keeps a limit. The divergence falls with
 * the bytes, near enough by a constant factor for each, so that its logarithm is interpolated.
 * Confined to one thread; remembers what was judged.
 */
final class RateSearch {
  /** Nobody sends more than the exact states in half precision. */
  private static final int MOST_BYTES_PER_ELEMENT = 2;

  private static final int MAX_STEPS = 24;

  private final int width;
  private final IntFunction<CodingEffect> judge;
  private final TreeMap<Integer, CodingEffect> judged = new TreeMap<>();

  /** What was found. */
  record Found(int bytesPerPosition, CodingEffect effect) {}

  /**
   * A search.
   *
   * @param width elements per position
   * @param judge of so many bytes per position; may throw IllegalArgumentException where the codec
   *     cannot meet them
   */
  RateSearch(int width, IntFunction<CodingEffect> judge) {
    this.width = width;
    this.judge = judge;
  }

  private CodingEffect effect(int bytes) {
    CodingEffect known = judged.get(bytes);
    if (known != null) {
      return known;
    }
    CodingEffect effect;
    try {
      effect = judge.apply(bytes);
    } catch (IllegalArgumentException e) {
      // a target that the codec cannot meet with these states: no limit is kept
      effect = new CodingEffect(Double.POSITIVE_INFINITY, 0, 8.0 * bytes / width);
    }
    judged.put(bytes, effect);
    return effect;
  }

  /**
   * The fewest bytes, to about a hundredth, or empty where none keep the limit.
   *
   * @param limit divergence in nats
   * @param guess where to start
   */
  Optional<Found> fewest(double limit, int guess) {
    int most = MOST_BYTES_PER_ELEMENT * width;
    // of what was judged before, for other limits too
    for (int step = 0; step < MAX_STEPS; step++) {
      int low = 0;
      int high = 0;
      for (Map.Entry<Integer, CodingEffect> entry : judged.entrySet()) {
        if (entry.getValue().kl() <= limit) {
          high = entry.getKey();
          break;
        }
        low = entry.getKey();
      }
      if (low >= most) {
        return Optional.empty();
      }
      if (high > 0 && high - low <= Math.max(1, high / 100)) {
        return Optional.of(new Found(high, effect(high)));
      }
      effect(Math.clamp(next(low, high, limit, guess), 1, most));
    }
    return judged.entrySet().stream()
        .filter(entry -> entry.getValue().kl() <= limit)
        .findFirst()
        .map(entry -> new Found(entry.getKey(), entry.getValue()));
  }

  /** Where to look; low did not keep the limit and high did, each 0 where none is known. */
  private int next(int low, int high, double limit, int guess) {
    if (low == 0 && high == 0) {
      return guess;
    }
    // at high rate a bit per element divides the divergence by four
    double slope = 2 * Math.log(2) * 8 / width;
    if (high == 0) {
      double kl = effect(low).kl();
      double ahead = Double.isFinite(kl) ? Math.log(kl / limit) / slope : low;
      // a little further than expected: then the next step lies between two known ones
      return low + Math.max(1, (int) Math.ceil(1.1 * ahead));
    }
    double above = Math.max(1e-9, effect(high).kl());
    if (low == 0) {
      return high - Math.max(1, (int) Math.ceil(1.1 * Math.log(limit / above) / slope));
    }
    double below = effect(low).kl();
    if (!Double.isFinite(below)) {
      return (low + high) / 2;
    }
    double part = Math.log(below / limit) / Math.log(below / above);
    int edge = Math.max(1, (high - low) / 8);
    // strictly between, and not at the very end over and over
    return Math.clamp(
        low + Math.round(part * (high - low)),
        low + Math.min(edge, high - low - 1),
        Math.max(low + 1, high - edge));
  }
}
