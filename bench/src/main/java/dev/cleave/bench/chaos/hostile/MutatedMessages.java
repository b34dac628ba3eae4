package dev.cleave.bench.chaos.hostile;

import dev.cleave.wire.WireError;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;

/**
 * Streams of which one message is changed, or that have their messages in another order. Each must
 * end with a status that is documented.
 */
final class MutatedMessages implements Attack {
  private static final int AT_ONCE = 16;
  private static final int CHANNELS = 2;
  private static final int REORDERED_ONE_IN = 12;

  @Override
  public void run(Target target, SplittableRandom random, int count, Tally tally)
      throws IOException, InterruptedException {
    Corpus corpus = Corpus.of(target.bundle());
    Semaphore free = new Semaphore(AT_ONCE);
    List<ManagedChannel> channels = new ArrayList<>();
    try {
      for (int n = 0; n < CHANNELS; n++) {
        channels.add(target.channel());
      }
      for (int n = 0; n < count; n++) {
        List<byte[]> messages = corpus.stream(random);
        String how = mutate(messages, random);
        free.acquire();
        RawStream.begin(
            channels.get(n % CHANNELS),
            messages,
            true,
            error -> {
              count(error, how, tally);
              free.release();
            });
      }
      free.acquire(AT_ONCE);
    } finally {
      for (ManagedChannel channel : channels) {
        Target.close(channel);
      }
    }
  }

  private static String mutate(List<byte[]> messages, SplittableRandom random) throws IOException {
    if (random.nextInt(REORDERED_ONE_IN) == 0) {
      int from = random.nextInt(messages.size());
      int to = random.nextInt(messages.size());
      byte[] moved = random.nextBoolean() ? messages.remove(from) : messages.get(from);
      messages.add(Math.min(to, messages.size()), moved);
      return "order";
    }
    Mutation[] all = Mutation.values();
    Mutation mutation = all[random.nextInt(all.length)];
    int at = random.nextInt(messages.size());
    messages.set(at, mutation.apply(messages.get(at), random));
    return mutation.name();
  }

  /** A server that says it is at fault itself, or that says nothing, has one. */
  static void count(WireError error, String how, Tally tally) {
    String outcome = error.code() + (error.reason().isEmpty() ? "" : "/" + error.reason());
    boolean hung = error.code() == Status.Code.DEADLINE_EXCEEDED && error.reason().isEmpty();
    boolean atFault =
        error.code() == Status.Code.INTERNAL
            || error.code() == Status.Code.UNKNOWN
            || error.code() == Status.Code.UNAVAILABLE;
    if (hung || atFault) {
      tally.fault(outcome + " after " + how + ": " + error.message());
    } else {
      tally.count(outcome);
    }
  }
}
