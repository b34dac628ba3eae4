package dev.cleave.edge.causal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DraftPolicyTest {
  private static final long STEP_NANOS = 10_000_000;

  @Test
  void zeroIsNone() {
    assertThat(new DraftPolicy(0).limit()).isZero();
  }

  @Test
  void keepsAllDraftsWhileTheyPay() {
    DraftPolicy policy = new DraftPolicy(8);
    policy.plain(STEP_NANOS);
    for (int i = 0; i < 100; i++) {
      assertThat(policy.limit()).isEqualTo(8);
      policy.drafted(8, 3, 2 * STEP_NANOS);
    }
  }

  /** Half of four drafts would pay at twice the time of a step, a quarter does not. */
  @ParameterizedTest
  @CsvSource({"2, 2.0, true", "1, 2.0, true", "0, 2.0, false", "0, 1.1, false", "1, 2.5, false"})
  void stopsWhereStepsWithDraftsGiveFewerTokensInTheTime(int accepted, double cost, boolean pays) {
    DraftPolicy policy = new DraftPolicy(4);
    policy.plain(STEP_NANOS);
    int drafted = 0;
    for (int i = 0; i < 60; i++) {
      int limit = policy.limit();
      if (limit == 0) {
        policy.plain(STEP_NANOS);
      } else {
        drafted++;
        policy.drafted(limit, Math.min(limit, accepted), (long) (0.999 * cost * STEP_NANOS));
      }
    }
    if (pays) {
      assertThat(drafted).isEqualTo(60);
    } else {
      assertThat(drafted).isLessThan(25);
    }
  }

  @Test
  void triesAgainLessAndLessOftenAndComesBackOnceItPays() {
    DraftPolicy policy = new DraftPolicy(4);
    int drafted = 0;
    for (int i = 0; i < 2000; i++) {
      if (policy.limit() == 0) {
        policy.plain(STEP_NANOS);
      } else {
        drafted++;
        policy.drafted(policy.limit(), 0, 2 * STEP_NANOS);
      }
    }
    assertThat(drafted).isBetween(20, 80);
    int steps = 0;
    while (policy.limit() < 4 && steps++ < 400) {
      if (policy.limit() == 0) {
        policy.plain(STEP_NANOS);
      } else {
        policy.drafted(policy.limit(), policy.limit(), STEP_NANOS);
      }
    }
    assertThat(policy.limit()).isEqualTo(4);
  }
}
