package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantLimits;
import dev.cleave.server.tenant.TenantPolicy;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import io.grpc.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A greedy tenant with twenty clients and a polite one with two, over a real loopback port. */
@Timeout(120)
class FairShareTest {

  private static final Logger LOG = LoggerFactory.getLogger(FairShareTest.class);
  private static final float[] FOUR = TestServer.prompt(1, 4);
  private static final int TOKENS = 20;
  private static final Duration STEP = Duration.ofMillis(2);

  /** Tokens of a tenant's clients, and the gaps between them. */
  private static final class Tally {
    final AtomicLong tokens = new AtomicLong();
    final List<Long> gaps = new ArrayList<>();

    synchronized void gap(long nanos) {
      gaps.add(nanos);
    }

    synchronized double percentileMillis(double share) {
      long[] sorted = gaps.stream().mapToLong(Long::longValue).sorted().toArray();
      return sorted[(int) (share * (sorted.length - 1))] / 1e6;
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 1, 0.5", "4, 3, 1, 0.25"})
  void tokensGoByWeightWhileBothWant(int slots, int greedyWeight, int politeWeight, double share)
      throws Exception {
    TenantPolicy policy =
        TenantPolicy.of(
            Map.of(
                new Tenant("greedy"), TenantLimits.NONE.withWeight(greedyWeight),
                new Tenant("polite"), TenantLimits.NONE.withWeight(politeWeight)),
            null);
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(slots, false, Duration.ofSeconds(60)))
            .withTenants(policy)
            .withTimes(TimeLimits.DEFAULT.withQueue(Duration.ofSeconds(60)));
    Tally greedy = new Tally();
    Tally polite = new Tally();
    try (TenantServer server = TenantServer.start(config);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      AtomicBoolean stop = new AtomicBoolean();
      Semaphore gate = server.engine.gateSteps();
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < 22; i++) {
        Channel channel = server.as(i < 20 ? "greedy" : "polite");
        Tally tally = i < 20 ? greedy : polite;
        clients.add(threads.submit(() -> generateUntil(stop, channel, tally)));
      }
      // Both wait: whatever runs was there before one of them.
      while (server.metric("cleave.queue.depth") < 22 - slots) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
      // Steps of a constant time: what is measured is who is in them.
      for (int step = 0; step < 60 * TOKENS; step++) {
        gate.release();
        TimeUnit.NANOSECONDS.sleep(STEP.toNanos());
      }
      stop.set(true);
      server.engine.ungateSteps();
      for (Future<?> client : clients) {
        client.get(60, TimeUnit.SECONDS);
      }
    }
    double got = (double) polite.tokens.get() / (polite.tokens.get() + greedy.tokens.get());
    LOG.info(
        "slots={} weights={}:{} polite_share={} polite_gap_ms p50={} p99={} greedy_gap_ms p50={}",
        slots,
        greedyWeight,
        politeWeight,
        got,
        polite.percentileMillis(0.5),
        polite.percentileMillis(0.99),
        greedy.percentileMillis(0.5));
    // Some sixty generations a slot: one more or less is within this.
    assertThat(got).isCloseTo(share, within(0.06));
  }

  private static Void generateUntil(AtomicBoolean stop, Channel channel, Tally tally)
      throws Exception {
    while (!stop.get()) {
      TestCall call =
          TestCall.open(channel)
              .send(
                  TestServer.opening(4, TOKENS),
                  TestServer.frame(FOUR, 0, HeaderForm.LONG),
                  new Uplink.EndOfPrompt(4));
      call.awaitOpened();
      long before = System.nanoTime();
      for (ServerMessage message = call.next(); message.hasToken(); message = call.next()) {
        long now = System.nanoTime();
        if (!stop.get()) {
          tally.tokens.incrementAndGet();
          if (message.getToken().getPosition() > 0) {
            tally.gap(now - before);
          }
        }
        before = now;
      }
    }
    return null;
  }
}
