package dev.cleave.server.causal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.server.sampling.Sampling;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.RowQueue;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantLimits;
import dev.cleave.server.tenant.TenantMeters;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepPlanTest {

  private static final int WIDTH = 2;

  private final PromptBudget prompts = new PromptBudget(1 << 24);
  private final KvSlots slots = new KvSlots(64, 1 << 20, System::nanoTime);
  private final List<Lane> lanes = new ArrayList<>();
  private final Map<Lane, Integer> next = new HashMap<>();

  @AfterEach
  void everythingIsGivenBack() {
    lanes.forEach(lane -> lane.session.end(new SessionEnd.HandedBack()));
    assertThat(prompts.heldBytes()).isZero();
  }

  /** The greedy tenant's 20 sessions always want a step, as the polite ones do. */
  @ParameterizedTest
  @CsvSource({
    // budget, weights, polite sessions, rows of each step, polite's share of the rows
    "8, 1, 1, 2, 1, 0.25", // it gets all that it asks for: two rows a step
    "8, 1, 1, 2, 4, 0.5",
    "8, 3, 1, 2, 4, 0.25",
    "7, 1, 1, 2, 3, 0.5",
    "4, 3, 1, 1, 2, 0.25",
    "1, 1, 1, 1, 1, 0.5", // one row a step: in turn
    "1, 3, 1, 1, 1, 0.25",
  })
  void stepsAreSharedByWeight(
      int budget, int greedyWeight, int politeWeight, int sessions, int rows, double share) {
    Tenancy greedy = tenancy("greedy", greedyWeight);
    Tenancy polite = tenancy("polite", politeWeight);
    add(greedy, 20);
    add(polite, sessions);
    StepPlan plan = new StepPlan(budget);
    long politeRows = 0;
    long allRows = 0;
    for (int step = 0; step < 2000; step++) {
      for (Lane lane : lanes) {
        if (lane.readyStep() == 0) {
          ask(lane, rows);
        }
      }
      for (StepPlan.Part part : compute(plan)) {
        allRows += part.positions();
        politeRows += part.lane().session.tenancy().equals(polite) ? part.positions() : 0;
      }
    }
    assertThat((double) politeRows / allRows).isCloseTo(share, within(0.01));
  }

  @ParameterizedTest
  @CsvSource({"24, 1, 1, 0.5", "24, 3, 1, 0.25", "5, 3, 1, 0.25", "1, 1, 1, 0.5"})
  void promptsAreSharedByWeight(int budget, int greedyWeight, int politeWeight, double share) {
    Tenancy greedy = tenancy("greedy", greedyWeight);
    Tenancy polite = tenancy("polite", politeWeight);
    add(greedy, 20);
    add(polite, 1);
    StepPlan plan = new StepPlan(budget);
    long politeRows = 0;
    long allRows = 0;
    for (int step = 0; step < 1000; step++) {
      for (Lane lane : lanes) {
        if (lane.waitingRows() < 64) {
          upload(lane, 64);
        }
      }
      for (StepPlan.Part part : compute(plan)) {
        allRows += part.positions();
        politeRows += part.lane().session.tenancy().equals(polite) ? part.positions() : 0;
      }
    }
    assertThat(allRows).isEqualTo(1000L * budget);
    assertThat((double) politeRows / allRows).isCloseTo(share, within(0.02));
  }

  @Test
  void anInteractiveTenantsStepIsInTheNextStepHoweverManyOthersFlood() {
    Tenancy greedy = tenancy("greedy", 1);
    add(greedy, 20);
    add(tenancy("polite", 1), 1);
    Lane interactive = lanes.getLast();
    StepPlan plan = new StepPlan(8);
    for (int step = 0; step < 500; step++) {
      for (Lane lane : lanes) {
        // Two prompts among the flood; the polite one asks every third step.
        if (lane == interactive ? step % 3 == 0 : lane.readyStep() == 0) {
          ask(lane, 1);
        }
      }
      List<StepPlan.Part> parts = compute(plan);
      assertThat(parts.stream().anyMatch(part -> part.lane() == interactive))
          .isEqualTo(step % 3 == 0);
      assertThat(parts.stream().mapToInt(StepPlan.Part::positions).sum()).isEqualTo(8);
    }
  }

  @Test
  void whoWasAwayHasSavedNothingUp() {
    Tenancy greedy = tenancy("greedy", 1);
    Tenancy other = tenancy("other", 1);
    add(greedy, 4);
    StepPlan plan = new StepPlan(4);
    for (int step = 0; step < 1000; step++) {
      lanes.forEach(lane -> ask(lane, 1));
      compute(plan);
    }
    add(other, 8);
    int others = 0;
    for (int step = 0; step < 10; step++) {
      for (Lane lane : lanes) {
        if (lane.readyStep() == 0) {
          ask(lane, 1);
        }
      }
      others +=
          (int)
              compute(plan).stream()
                  .filter(part -> part.lane().session.tenancy().equals(other))
                  .count();
    }
    assertThat(others).isBetween(18, 22);
  }

  @Test
  void amongTheSessionsOfATenantTheOneGoesFirstThatHasWaitedLongest() {
    add(tenancy("one", 1), 10);
    StepPlan plan = new StepPlan(3);
    Map<Lane, Integer> served = new HashMap<>();
    for (int step = 0; step < 100; step++) {
      for (Lane lane : lanes) {
        if (lane.readyStep() == 0) {
          ask(lane, 1);
        }
      }
      compute(plan).forEach(part -> served.merge(part.lane(), 1, Integer::sum));
    }
    assertThat(served.values()).hasSize(10).allMatch(count -> Math.abs(count - 30) <= 1);
  }

  private List<StepPlan.Part> compute(StepPlan plan) {
    List<StepPlan.Part> parts = plan.next(lanes);
    for (StepPlan.Part part : parts) {
      part.lane().take(part.positions(), FloatBuffer.allocate(part.positions() * WIDTH));
    }
    return parts;
  }

  private void ask(Lane lane, int rows) {
    RowQueue.Extent extent = write(lane, rows);
    lane.step(extent, next.merge(lane, rows, Integer::sum) - rows, 0);
  }

  private void upload(Lane lane, int rows) {
    RowQueue.Extent extent = write(lane, rows);
    lane.prompt(extent, next.merge(lane, rows, Integer::sum) - rows);
  }

  private static RowQueue.Extent write(Lane lane, int rows) {
    return Objects.requireNonNull(lane.session.rows().write(rows, _ -> {}));
  }

  private void add(Tenancy tenancy, int sessions) {
    for (int i = 0; i < sessions; i++) {
      CausalSession session =
          new CausalSession(
              new CausalSession.Request(tenancy, Sampling.GREEDY, false),
              Objects.requireNonNull(slots.tryTake(100, () -> {})),
              Objects.requireNonNull(RowQueue.tryAllocate(prompts, 256, WIDTH)),
              new NoSink());
      lanes.add(new Lane(session, lanes.size()));
    }
  }

  private static Tenancy tenancy(String name, int weight) {
    TenantLimits limits = TenantLimits.NONE.withWeight(weight);
    Tenant tenant = new Tenant(name);
    return new Tenancy(tenant, limits, new TenantMeters(System::nanoTime).of(tenant, limits));
  }

  private static final class NoSink implements SessionSink {
    @Override
    public void sampled(int position, int[] ids, @Nullable FloatBuffer logits) {}

    @Override
    public void room() {}

    @Override
    public void ended(SessionEnd end) {}
  }
}
