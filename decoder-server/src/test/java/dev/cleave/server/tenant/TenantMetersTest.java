package dev.cleave.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TenantMetersTest {

  private static final Tenant CLINIC = new Tenant("clinic");

  private final AtomicLong now = new AtomicLong();
  private final TenantMeters meters = new TenantMeters(now::get);

  @Test
  void requestsPassInBurstsAndThenAtTheirRate() {
    TenantMeter meter = meters.of(CLINIC, rates(2, 3, 0));
    for (int i = 0; i < 3; i++) {
      assertThat(meter.request()).isZero();
    }
    assertThat(meter.request()).isEqualTo(Duration.ofMillis(500));
    now.addAndGet(Duration.ofMillis(400).toNanos());
    assertThat(meter.request()).isEqualTo(Duration.ofMillis(100));
    now.addAndGet(Duration.ofMillis(100).toNanos());
    assertThat(meter.request()).isZero();
    assertThat(meter.request()).isPositive();
  }

  @Test
  void bytesBeyondTheRateAreADebtThatTimePays() {
    TenantMeter meter = meters.of(CLINIC, rates(0, 0, 1000));
    assertThat(meter.received(1000)).isZero(); // what a second brings
    assertThat(meter.received(3000)).isEqualTo(Duration.ofSeconds(3));
    now.addAndGet(Duration.ofSeconds(2).toNanos());
    assertThat(meter.received(500)).isEqualTo(Duration.ofMillis(1500));
    assertThat(meter.request()).isZero();
  }

  @Test
  void aMeterIsKeptAsLongAsItsRates() {
    TenantMeter first = meters.of(CLINIC, rates(1, 1, 0));
    assertThat(first.request()).isZero();
    assertThat(meters.of(CLINIC, rates(1, 1, 0))).isSameAs(first);
    assertThat(meters.of(CLINIC, rates(5, 5, 0)).request()).isZero();
  }

  @Test
  void ofManyTenantsThoseAreForgottenThatOweNothing() {
    TenantLimits limits = rates(1, 1, 0);
    TenantMeter owing = meters.of(CLINIC, limits);
    assertThat(owing.request()).isZero();
    for (int i = 0; i < 5000; i++) {
      meters.of(new Tenant("tenant-" + i), limits);
    }
    assertThat(meters.of(CLINIC, limits)).isSameAs(owing);
    assertThat(meters.size()).isLessThanOrEqualTo(1025);
  }

  private static TenantLimits rates(double requests, int burst, long bytes) {
    return TenantLimits.NONE.withRates(new TenantLimits.Rates(requests, burst, bytes));
  }
}
