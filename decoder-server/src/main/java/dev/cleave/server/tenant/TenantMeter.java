package dev.cleave.server.tenant;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What one tenant has sent of late. Thread-safe. */
public final class TenantMeter {

  private final TenantLimits.Rates rates;
  private final @Nullable Bucket requests;
  private final @Nullable Bucket bytes;

  TenantMeter(TenantLimits.Rates rates, LongSupplier nanoClock) {
    this.rates = rates;
    TimeMeter clock = new Clock(nanoClock);
    this.requests =
        rates.requests() == 0
            ? null
            : bucket(
                Bandwidth.builder()
                    .capacity(rates.burst())
                    .refillGreedy(1, Duration.ofNanos((long) (1e9 / rates.requests())))
                    .build(),
                clock);
    this.bytes =
        rates.bytes() == 0
            ? null
            : bucket(
                Bandwidth.builder()
                    // What a second brings may come at once.
                    .capacity(rates.bytes())
                    .refillGreedy(rates.bytes(), Duration.ofSeconds(1))
                    .build(),
                clock);
  }

  private static Bucket bucket(Bandwidth limit, TimeMeter clock) {
    return Bucket.builder().addLimit(limit).withCustomTimePrecision(clock).build();
  }

  /** Counts a request; zero when it may pass, else it is not counted and this is when one may. */
  public Duration request() {
    return requests == null
        ? Duration.ZERO
        : Duration.ofNanos(requests.tryConsumeAndReturnRemaining(1).getNanosToWaitForRefill());
  }

  /** Counts bytes that have come; for how long no more of them should. */
  public Duration received(long count) {
    return bytes == null || count == 0
        ? Duration.ZERO
        : Duration.ofNanos(bytes.consumeIgnoringRateLimits(count));
  }

  boolean hasRates(TenantLimits.Rates asked) {
    return rates.equals(asked);
  }

  /** Whether forgetting it would allow nothing that it does not allow now. */
  boolean isFull() {
    return (requests == null || requests.getAvailableTokens() >= rates.burst())
        && (bytes == null || bytes.getAvailableTokens() >= rates.bytes());
  }

  private record Clock(LongSupplier nanoClock) implements TimeMeter {
    @Override
    public long currentTimeNanos() {
      return nanoClock.getAsLong();
    }

    @Override
    public boolean isWallClockBased() {
      return false;
    }
  }
}
