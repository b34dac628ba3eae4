package dev.cleave.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AdmissionTest {

  private final AtomicLong now = new AtomicLong();

  @Test
  void slotsAreTakenUpToTheirNumberAndGivenBackOnce() {
    KvSlots slots = new KvSlots(2, now::get);
    KvSlots.Lease first = Objects.requireNonNull(slots.tryTake(0, () -> {}));
    assertThat(slots.tryTake(0, () -> {})).isNotNull();
    assertThat(slots.tryTake(0, () -> {})).isNull();
    first.close();
    first.close();
    assertThat(slots.free()).isEqualTo(1);
  }

  @Test
  void theRetryDelayFollowsHowLongSlotsAreHeld() {
    KvSlots slots = new KvSlots(1, now::get);
    assertThat(slots.retryDelay()).isEqualTo(Duration.ofSeconds(1));
    for (int i = 0; i < 100; i++) {
      try (KvSlots.Lease lease = Objects.requireNonNull(slots.tryTake(0, () -> {}))) {
        now.addAndGet(Duration.ofSeconds(5).toNanos());
        assertThat(lease).isNotNull();
      }
    }
    assertThat(slots.retryDelay()).isBetween(Duration.ofMillis(4900), Duration.ofMillis(5000));
  }

  @Test
  void promptMemoryIsChargedWhenItIsAnnouncedAndFreedOnce() {
    PromptBudget budget = new PromptBudget(1000);
    PromptBuffer first = Objects.requireNonNull(budget.tryAllocate(10, 16));
    assertThat(budget.heldBytes()).isEqualTo(640);
    assertThat(budget.tryAllocate(10, 16)).isNull();
    assertThat(budget.heldBytes()).isEqualTo(640);
    first.close();
    first.close();
    assertThat(budget.heldBytes()).isZero();
    assertThat(budget.tryAllocate(Integer.MAX_VALUE, 1 << 20)).isNull();
    assertThat(budget.heldBytes()).isZero();
  }

  @Test
  void aPromptHoldsWhatItsTailsGot() {
    PromptBudget budget = new PromptBudget(1000);
    try (PromptBuffer prompt = Objects.requireNonNull(budget.tryAllocate(3, 2))) {
      prompt.tail(2).put(new float[] {1, 2, 3, 4});
      assertThat(prompt.positions()).isZero();
      prompt.advance(2);
      assertThatIllegalArgumentException().isThrownBy(() -> prompt.tail(2));
      prompt.tail(1).put(new float[] {5, 6});
      prompt.advance(1);
      float[] all = new float[6];
      prompt.received().get(all);
      assertThat(all).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(prompt.received().isDirect()).isTrue();
    }
  }
}
