package dev.cleave.bench.chaos.hostile;

import java.io.IOException;
import java.util.SplittableRandom;

/** One way to do harm to a server. Returns when it is over, and leaves no connection open. */
interface Attack {
  /**
   * Attacks.
   *
   * @param count how often, whatever that means for it
   */
  void run(Target target, SplittableRandom random, int count, Tally tally)
      throws IOException, InterruptedException;
}
