package dev.cleave.server.entrance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.server.admission.Refused;
import dev.cleave.server.session.KvSlots;
import dev.cleave.server.session.PromptBudget;
import dev.cleave.server.session.PromptBuffer;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantLimits;
import dev.cleave.server.tenant.TenantMeters;
import dev.cleave.wire.WireReason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class FairQueueTest {

  private static final QueueLimits LIMITS = QueueLimits.defaults();
  private static final Tenancy GREEDY = tenancy("greedy", TenantLimits.NONE);
  private static final Tenancy POLITE = tenancy("polite", TenantLimits.NONE);

  private final AtomicLong now = new AtomicLong();
  private final PromptBudget prompts = new PromptBudget(1 << 20);
  private final List<Ticket<?>> opened = new ArrayList<>();

  /** A claim of memory for 4 positions. */
  private record Rows(int kvPositions) implements Claim<PromptBuffer> {
    @Override
    public long memoryBytes() {
      return 4 * 8 * Float.BYTES;
    }

    @Override
    public @Nullable PromptBuffer allocate(PromptBudget budget) {
      return budget.tryAllocate(4, 8);
    }
  }

  @AfterEach
  void everythingIsGivenBack() {
    opened.forEach(FairQueueTest::finish);
    assertThat(prompts.heldBytes()).isZero();
  }

  @Test
  void aTenantsOwnOpensAreServedInTheirOrder() {
    FairQueue queue = queue(1);
    List<Ticket<PromptBuffer>> tickets = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      tickets.add(enter(queue, GREEDY));
    }
    for (int i = 0; i < 5; i++) {
      assertThat(tickets.get(i).isGranted()).isTrue();
      assertThat(queue.waiting()).isEqualTo(4 - i);
      finish(tickets.get(i));
    }
  }

  @Test
  void aSlotThatComesFreeGoesToTheTenantThatHoldsLess() {
    FairQueue queue = queue(4);
    List<Ticket<PromptBuffer>> greedy = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      greedy.add(enter(queue, GREEDY));
    }
    Ticket<PromptBuffer> first = enter(queue, POLITE);
    Ticket<PromptBuffer> second = enter(queue, POLITE);
    assertThat(first.isGranted()).isFalse();
    finish(greedy.get(0));
    assertThat(first.isGranted()).isTrue();
    finish(greedy.get(1));
    assertThat(second.isGranted()).isTrue();
    assertThat(queue.held(it -> it.equals(POLITE.tenant()))).isEqualTo(2);
    assertThat(queue.waiting()).isEqualTo(16);
  }

  @Test
  void whoNeedsMorePositionsThanAreFreeIsNotOvertaken() {
    FairQueue queue =
        new FairQueue(new KvSlots(8, 100, now::get), prompts, LIMITS, Runnable::run, now::get);
    Ticket<PromptBuffer> large = enter(queue, GREEDY, 80);
    Ticket<PromptBuffer> larger = enter(queue, GREEDY, 90);
    Ticket<PromptBuffer> small = enter(queue, GREEDY, 10);
    assertThat(larger.isGranted()).isFalse();
    assertThat(small.isGranted()).isFalse();
    finish(large);
    assertThat(larger.isGranted()).isTrue();
    assertThat(small.isGranted()).isTrue();
    Refused beyondAll = refusal(() -> enter(queue, GREEDY, 101));
    assertThat(beyondAll.reason()).isEqualTo(WireReason.NO_KV_ROOM.name());
  }

  @Test
  void promptMemoryIsWaitedForAsWell() {
    PromptBudget tight = new PromptBudget(2 * 4 * 8 * Float.BYTES);
    FairQueue queue =
        new FairQueue(new KvSlots(8, now::get), tight, LIMITS, Runnable::run, now::get);
    Ticket<PromptBuffer> first = enter(queue, GREEDY);
    Ticket<PromptBuffer> second = enter(queue, GREEDY);
    Ticket<PromptBuffer> third = enter(queue, GREEDY);
    Ticket.Granted<PromptBuffer> taken = first.take();
    assertThat(third.isGranted()).isFalse();
    taken.memory().close(); // as after prefill, while the slot is kept
    assertThat(third.isGranted()).isTrue();
    taken.slot().close();
    finish(second);
    finish(third);
    assertThat(tight.heldBytes()).isZero();
  }

  @Test
  void aSessionThatIsOpenedAgainGoesBeforeAllOthersOnceItsOlderStreamIsGone() {
    FairQueue queue = queue(1);
    Ticket<PromptBuffer> older = enter(queue, GREEDY);
    Ticket<PromptBuffer> waiting = enter(queue, POLITE);
    Ticket.Granted<PromptBuffer> held = older.take();
    Ticket<PromptBuffer> newer = enter(queue, GREEDY, older);
    Ticket<PromptBuffer> newest = enter(queue, GREEDY, newer);
    newer.withdraw(); // it was taken over while it waited
    assertThat(newest.isGranted()).isFalse();
    held.memory().close();
    held.slot().close();
    assertThat(newest.isGranted()).isTrue();
    assertThat(waiting.isGranted()).isFalse();
  }

  @Test
  void whoTakesOverWaitsEvenIfThereIsRoom() {
    FairQueue queue = queue(2);
    Ticket<PromptBuffer> older = enter(queue, GREEDY);
    Ticket<PromptBuffer> newer = enter(queue, GREEDY, older);
    assertThat(newer.isGranted()).isFalse();
    finish(older);
    assertThat(newer.isGranted()).isTrue();
  }

  @Test
  void quotasCountWhatIsHeldAndWhatWaits() {
    TenantLimits limits = TenantLimits.NONE.withHeld(new TenantLimits.Held(3, 100, 3));
    Tenancy small = tenancy("small", limits);
    FairQueue queue =
        new FairQueue(new KvSlots(2, 1000, now::get), prompts, LIMITS, Runnable::run, now::get);
    Ticket<PromptBuffer> first = enter(queue, small, 30);
    enter(queue, small, 30);
    Refused positions = refusal(() -> enter(queue, small, 41));
    assertThat(positions.reason()).isEqualTo(WireReason.QUOTA_EXCEEDED.name());
    assertThat(positions.getMessage()).contains("small", "kv_positions", "100");
    enter(queue, small, 40); // waits for a slot, and counts
    Refused sessions = refusal(() -> enter(queue, small, 1));
    assertThat(sessions.getMessage()).contains("sessions", "3");
    // Its own session may be opened again, which takes what it has.
    Ticket<PromptBuffer> again = enter(queue, small, 30, first);
    assertThat(again.isGranted()).isFalse();
    finish(first);
    assertThat(again.isGranted()).isTrue();
    enter(queue, tenancy("another", limits), 100); // has a quota of its own
  }

  @Test
  void whatWaitsIsBoundedForATenantAndInAll() {
    FairQueue queue =
        new FairQueue(
            new KvSlots(1, now::get), prompts, new QueueLimits(10, 4), Runnable::run, now::get);
    enter(queue, POLITE);
    for (int i = 0; i < 4; i++) {
      enter(queue, GREEDY);
    }
    assertThat(refusal(() -> enter(queue, GREEDY)).reason())
        .isEqualTo(WireReason.QUOTA_EXCEEDED.name());
    TenantLimits own =
        TenantLimits.NONE.withHeld(new TenantLimits.Held(Integer.MAX_VALUE, Long.MAX_VALUE, 2));
    Tenancy modest = tenancy("modest", own);
    enter(queue, modest);
    enter(queue, modest);
    assertThat(refusal(() -> enter(queue, modest)).getMessage()).contains("waiting of 2");
    enter(queue, POLITE);
    for (int i = queue.waiting(); i < 10; i++) {
      enter(queue, tenancy("tenant-" + i, TenantLimits.NONE));
    }
    assertThat(refusal(() -> enter(queue, tenancy("late", TenantLimits.NONE))).reason())
        .isEqualTo(WireReason.NO_KV_ROOM.name());
    assertThat(queue.waiting()).isEqualTo(10);
  }

  /**
   * Greedy keeps 20 sessions open or waiting, polite as many as are given; each lasts a while.
   * While both wait, slot-time goes by weight, also where the weights do not divide the slots.
   */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 2, 0.5",
    "1, 3, 1, 2, 0.25",
    "2, 3, 1, 3, 0.25",
    "3, 1, 1, 4, 0.5",
    "4, 1, 1, 8, 0.5",
    "4, 3, 1, 8, 0.25",
    "16, 3, 1, 20, 0.25",
  })
  void slotTimeGoesByWeight(
      int slots, int greedyWeight, int politeWeight, int politeSessions, double share) {
    FairQueue queue = queue(slots);
    Tenancy greedy = tenancy("greedy", TenantLimits.NONE.withWeight(greedyWeight));
    Tenancy polite = tenancy("polite", TenantLimits.NONE.withWeight(politeWeight));
    Random random = new Random(5);
    Map<Tenancy, List<Ticket<PromptBuffer>>> tickets = new HashMap<>();
    Map<Ticket<?>, Integer> left = new HashMap<>();
    long politeTime = 0;
    long allTime = 0;
    for (int tick = 0; tick < 8000; tick++) {
      now.addAndGet(Duration.ofMillis(50).toNanos());
      for (Tenancy tenancy : List.of(greedy, polite)) {
        List<Ticket<PromptBuffer>> mine = tickets.computeIfAbsent(tenancy, _ -> new ArrayList<>());
        while (mine.size() < (tenancy.equals(polite) ? politeSessions : 20)) {
          Ticket<PromptBuffer> ticket = enter(queue, tenancy);
          left.put(ticket, 5 + random.nextInt(30));
          mine.add(ticket);
        }
        for (Ticket<PromptBuffer> ticket : List.copyOf(mine)) {
          if (ticket.isGranted()) {
            allTime++;
            politeTime += tenancy.equals(polite) ? 1 : 0;
            if (left.merge(ticket, -1, Integer::sum) == 0) {
              finish(ticket);
              mine.remove(ticket);
              left.remove(ticket);
            }
          }
        }
      }
    }
    assertThat(allTime).isGreaterThan(7900L * slots);
    assertThat((double) politeTime / allTime).isCloseTo(share, within(0.03));
  }

  @Test
  void whoComesBackAfterALongTimeHasSavedNothingUp() {
    FairQueue queue = queue(4);
    Queue<Ticket<PromptBuffer>> greedy = new ArrayDeque<>();
    for (int i = 0; i < 12; i++) {
      greedy.add(enter(queue, GREEDY));
    }
    for (int i = 0; i < 6; i++) {
      now.addAndGet(Duration.ofSeconds(100).toNanos());
      finish(greedy.remove());
      greedy.add(enter(queue, GREEDY));
    }
    for (int i = 0; i < 8; i++) {
      enter(queue, POLITE);
    }
    for (int i = 0; i < 3; i++) {
      finish(greedy.remove());
    }
    assertThat(queue.held(it -> it.equals(POLITE.tenant()))).isEqualTo(2);
    assertThat(queue.held(it -> it.equals(GREEDY.tenant()))).isEqualTo(2);
  }

  @Test
  void threadsThatEnterTakeWithdrawAndFinishLeaveNothingBehind() throws Exception {
    int threads = 8;
    KvSlots slots = new KvSlots(5, System::nanoTime);
    AtomicInteger gone = new AtomicInteger();
    AtomicInteger served = new AtomicInteger();
    try (ExecutorService executor = Executors.newFixedThreadPool(2);
        ExecutorService clients = Executors.newFixedThreadPool(threads)) {
      FairQueue queue = new FairQueue(slots, prompts, LIMITS, executor, System::nanoTime);
      CountDownLatch done = new CountDownLatch(threads);
      for (int t = 0; t < threads; t++) {
        long seed = t;
        Tenancy tenancy = tenancy("tenant-" + t % 3, TenantLimits.NONE);
        var _ =
            clients.submit(() -> {
              Random random = new Random(seed);
              for (int i = 0; i < 400; i++) {
                CountDownLatch granted = new CountDownLatch(1);
                Ticket<PromptBuffer> ticket =
                    queue.enter(
                        tenancy,
                        new Rows(0),
                        null,
                        new Ticket.Calls(granted::countDown, gone::incrementAndGet));
                boolean patient = random.nextInt(3) > 0;
                if (patient && (ticket.isGranted() || granted.await(20, TimeUnit.SECONDS))) {
                  served.incrementAndGet();
                  finish(ticket);
                } else {
                  ticket.withdraw();
                }
              }
              done.countDown();
              return null;
            });
      }
      assertThat(done.await(40, TimeUnit.SECONDS)).isTrue();
      assertThat(queue.waiting()).isZero();
      assertThat(queue.held(_ -> true)).isZero();
    }
    assertThat(slots.free()).isEqualTo(5);
    assertThat(gone).hasValue(threads * 400);
    assertThat(served.get()).isPositive();
  }

  private FairQueue queue(int slots) {
    return new FairQueue(new KvSlots(slots, now::get), prompts, LIMITS, Runnable::run, now::get);
  }

  private Ticket<PromptBuffer> enter(FairQueue queue, Tenancy tenancy) {
    return enter(queue, tenancy, 0, null);
  }

  private Ticket<PromptBuffer> enter(FairQueue queue, Tenancy tenancy, int positions) {
    return enter(queue, tenancy, positions, null);
  }

  private Ticket<PromptBuffer> enter(FairQueue queue, Tenancy tenancy, Ticket<?> predecessor) {
    return enter(queue, tenancy, 0, predecessor);
  }

  private Ticket<PromptBuffer> enter(
      FairQueue queue, Tenancy tenancy, int positions, @Nullable Ticket<?> predecessor) {
    Ticket<PromptBuffer> ticket =
        queue.enter(
            tenancy, new Rows(positions), predecessor, new Ticket.Calls(() -> {}, () -> {}));
    opened.add(ticket);
    return ticket;
  }

  /** As its session would, or as who goes away before. */
  private static void finish(Ticket<?> ticket) {
    ticket.withdraw();
  }

  private static Refused refusal(Runnable entering) {
    Refused[] refused = new Refused[1];
    assertThatExceptionOfType(Refused.class)
        .isThrownBy(entering::run)
        .satisfies(it -> refused[0] = it);
    assertThat(refused[0]).isNotNull();
    return refused[0];
  }

  private static Tenancy tenancy(String name, TenantLimits limits) {
    Tenant tenant = new Tenant(name);
    return new Tenancy(tenant, limits, new TenantMeters(System::nanoTime).of(tenant, limits));
  }
}
