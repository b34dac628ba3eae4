package dev.cleave.lab.half;

import java.util.SplittableRandom;

/** Draws tokens from whole distributions. Stateless. */
public final class Draw {
  private Draw() {}

  /** A token with the probability that its logit gives it, at temperature 1. */
  public static int of(float[] logits, SplittableRandom random) {
    float largest = logits[0];
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((double) logit - largest);
    }
    double point = random.nextDouble() * sum;
    int last = 0;
    for (int id = 0; id < logits.length; id++) {
      double p = Math.exp((double) logits[id] - largest);
      if (p > 0) {
        last = id;
        point -= p;
        if (point < 0) {
          return id;
        }
      }
    }
    return last;
  }
}
