package dev.cleave.bench.chaos.hostile;

import dev.cleave.v1.Open;
import dev.cleave.wire.Uplink;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Somebody's Open again: the same session with the same attempt, with an older one, with a newer
 * one, while the first stream lives.
 */
final class Replays implements Attack {
  private static final int STREAMS = 4;

  @Override
  public void run(Target target, SplittableRandom random, int count, Tally tally)
      throws IOException, InterruptedException {
    Corpus corpus = Corpus.of(target.bundle());
    ManagedChannel device = target.channel();
    ManagedChannel thief = target.channel();
    try {
      for (int n = 0; n < count; n++) {
        Open.Builder open = corpus.open(random);
        int attempt = random.nextInt(1, 4);
        CountDownLatch ended = new CountDownLatch(STREAMS);
        for (int again = 0; again < STREAMS; again++) {
          int shift = again == 0 ? 0 : random.nextInt(3) - 1;
          byte[] bytes =
              Corpus.bytes(new Uplink.OpenSession(open.setAttempt(attempt + shift).build()));
          // It closes its side behind Open, so that nothing is left when all have ended.
          RawStream.begin(
              again % 2 == 0 ? device : thief,
              List.of(bytes),
              true,
              error -> {
                MutatedMessages.count(error, "a replayed open", tally);
                ended.countDown();
              });
        }
        if (!ended.await(RawStream.PATIENCE.toSeconds() + 10, TimeUnit.SECONDS)) {
          tally.fault("a replayed stream did not end");
        }
      }
    } finally {
      Target.close(device);
      Target.close(thief);
    }
  }
}
