package dev.cleave.edge.causal;

/**
 * How many drafts to send: as many as pay. A step with drafts pays when the tokens it gives per
 * nanosecond are more than those of a step without, both measured as running means. While it does
 * not, their number is halved, and from one on they rest for a number of steps that doubles up to a
 * bound; then one is tried again. While it does and most drafts stand, the number doubles. Confined
 * to one thread.
 */
final class DraftPolicy {
  /** Of a running mean, what the newest value counts. */
  private static final double NEWEST = 0.25;

  /** Steps before a judgement. */
  private static final int TRIAL = 4;

  private static final int FIRST_REST = 16;
  private static final int LONGEST_REST = 256;

  private final int most;
  private int limit;
  private int resting;
  private int nextRest = FIRST_REST;
  private int trials;
  private double plainNanos;
  private double draftedNanos;
  private double tokensPerStep;
  private double acceptance;

  DraftPolicy(int most) {
    this.most = most;
    this.limit = most;
  }

  /** The most drafts that the next step should have; 0 is none. */
  int limit() {
    return resting > 0 ? 0 : limit;
  }

  /** A step without drafts took this long. */
  void plain(long nanos) {
    plainNanos = plainNanos == 0 ? (double) nanos : mean(plainNanos, (double) nanos);
    if (resting > 0 && --resting == 0) {
      limit = 1;
      trials = 0;
    }
  }

  /** A step with {@code sent} drafts, of which {@code accepted} stood, took this long. */
  void drafted(int sent, int accepted, long nanos) {
    double share = (double) accepted / sent;
    boolean first = trials == 0;
    draftedNanos = first ? (double) nanos : mean(draftedNanos, (double) nanos);
    tokensPerStep = first ? 1.0 + accepted : mean(tokensPerStep, 1.0 + accepted);
    acceptance = first ? share : mean(acceptance, share);
    if (++trials >= TRIAL) {
      judge();
    }
  }

  private void judge() {
    // Before any plain step was seen, a draft that stands one time in eight is taken to pay.
    boolean pays =
        plainNanos > 0 ? tokensPerStep * plainNanos > draftedNanos : acceptance >= 1.0 / 8;
    if (pays) {
      nextRest = FIRST_REST;
      if (acceptance > 0.75 && limit < most) {
        limit = Math.min(most, 2 * limit);
        trials = 0;
      }
      return;
    }
    trials = 0;
    limit /= 2;
    if (limit == 0) {
      resting = nextRest;
      nextRest = Math.min(LONGEST_REST, 2 * nextRest);
    }
  }

  private static double mean(double before, double newest) {
    return before + NEWEST * (newest - before);
  }
}
