package dev.cleave.bench.chaos.hostile;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Connections that take all the time they get: that say nothing, one byte at a time, half a
 * preface, that open streams and say no more, that ask for an answer and never read it. All at
 * once; in the end it lets go of those that the server has not closed.
 */
final class SlowLoris implements Attack {
  private static final int ROUNDS = 50;
  private static final long PAUSE_MILLIS = 100;

  @Override
  public void run(Target target, SplittableRandom random, int count, Tally tally)
      throws IOException, InterruptedException {
    Corpus corpus = Corpus.of(target.bundle());
    List<Slow> all = new ArrayList<>();
    try {
      for (int n = 0; n < count; n++) {
        all.add(Slow.open(target, n, corpus, random));
      }
      for (int round = 0; round < ROUNDS; round++) {
        for (Slow each : all) {
          each.crawl();
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      }
      for (Slow each : all) {
        tally.count(each.name() + (each.closedByServer() ? ": closed by the server" : ": held"));
      }
    } finally {
      for (Slow each : all) {
        each.close();
      }
    }
  }
}
