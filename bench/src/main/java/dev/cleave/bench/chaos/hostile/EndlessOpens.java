package dev.cleave.bench.chaos.hostile;

import dev.cleave.wire.Uplink;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Opens sessions and says no more, many at once on many connections. Some are refused for want of
 * room, the others end when the server has waited long enough.
 */
final class EndlessOpens implements Attack {
  /** Below what a server allows on one connection, so that none waits in its own client. */
  private static final int STREAMS_PER_CHANNEL = 50;

  @Override
  public void run(Target target, SplittableRandom random, int count, Tally tally)
      throws IOException, InterruptedException {
    Corpus corpus = Corpus.of(target.bundle());
    List<ManagedChannel> channels = new ArrayList<>();
    CountDownLatch ended = new CountDownLatch(count);
    try {
      for (int n = 0; n < count; n++) {
        if (n % STREAMS_PER_CHANNEL == 0) {
          channels.add(target.channel());
        }
        byte[] open = Corpus.bytes(new Uplink.OpenSession(corpus.open(random).build()));
        RawStream.begin(
            channels.getLast(),
            List.of(open),
            false,
            error -> {
              MutatedMessages.count(error, "an open without an end", tally);
              ended.countDown();
            });
      }
      ended.await(RawStream.PATIENCE.toSeconds() + 10, TimeUnit.SECONDS);
    } finally {
      for (ManagedChannel channel : channels) {
        Target.close(channel);
      }
    }
  }
}
