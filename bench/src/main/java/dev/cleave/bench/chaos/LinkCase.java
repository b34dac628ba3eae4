package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.link.Fault;
import dev.cleave.bench.chaos.link.FaultPlan;
import dev.cleave.bench.chaos.link.FaultProxy;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Outcome;
import dev.cleave.bench.chaos.work.Task;
import dev.cleave.bench.chaos.work.Tasks;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Answers over networks that go wrong: each ends in the right text or in a documented status before
 * its deadline.
 */
final class LinkCase {
  static final String NAME = "link";

  private static final int AT_ONCE = 8;
  private static final int FAULTS = 6;
  private static final int TASKS = 4;
  private static final int CAUSAL_TOKENS = 24;
  private static final int DECODER_TOKENS = 60;
  private static final double MEGABIT = 1e6;

  /** Bytes within which most of an answer's traffic in one direction lies. */
  private static final double MOST_BYTES = 30_000;

  /** What a caller may get where the network went wrong. */
  private static final Set<Code> DOCUMENTED = Set.of(Code.LINK, Code.SERVER, Code.DEADLINE);

  /**
   * The times of a form.
   *
   * @param delay the longest of a piece
   * @param stall how long nothing passes
   * @param deadline of an answer
   * @param grace that it may take to end behind its deadline
   */
  private record Times(Duration delay, Duration stall, Duration deadline, Duration grace) {
    static final Times LONG =
        new Times(
            Duration.ofMillis(400),
            Duration.ofSeconds(20),
            Duration.ofSeconds(90),
            Duration.ofSeconds(15));
    static final Times SHORT =
        new Times(
            Duration.ofMillis(40),
            Duration.ofMillis(500),
            Duration.ofSeconds(8),
            Duration.ofSeconds(20));
  }

  private record Served(Path bundle, Fleet fleet, List<Task> tasks) {}

  private record Ended(Outcome outcome, Duration after) {}

  private final Setting setting;
  private final Times times;
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private int right;
  private int documented;
  private int hung;
  private int wrong;

  private LinkCase(Setting setting) {
    this.setting = setting;
    this.times = setting.extent().longForm() ? Times.LONG : Times.SHORT;
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    new LinkCase(setting).run();
  }

  private void run() throws IOException, InterruptedException {
    int rounds = setting.extent().rounds(16, 240);
    Map<Kind, Served> served = new EnumMap<>(Kind.class);
    try (ExecutorService callers = Executors.newFixedThreadPool(AT_ONCE)) {
      for (Kind kind : Kind.values()) {
        served.put(kind, serve(kind));
      }
      List<Future<Ended>> answers = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        int number = round;
        answers.add(callers.submit(() -> answer(served, number)));
      }
      for (int round = 0; round < rounds; round++) {
        count(round, answers.get(round));
      }
      callers.shutdownNow();
    } finally {
      served.values().forEach(it -> it.fleet().close());
    }
    setting
        .report()
        .add(
            new Row(
                "link faults by a user-space proxy (%d cases)".formatted(rounds),
                "every case ends in the right text or a documented status before its deadline; 0"
                    + " hangs",
                "%d right texts, %d documented statuses, %d hangs, %d wrong %s"
                    .formatted(right, documented, hung, wrong, outcomes),
                Verdict.held(hung == 0 && wrong == 0)));
  }

  private Served serve(Kind kind) throws IOException, InterruptedException {
    Path bundle = setting.models().bundle(kind);
    int tokens = kind == Kind.CAUSAL ? CAUSAL_TOKENS : DECODER_TOKENS;
    Fleet fleet =
        Fleet.start(
            setting.folder(NAME).resolve(kind.text()),
            bundle,
            2,
            List.of("--max-sessions", Integer.toString(4 * AT_ONCE)));
    try (CleaveClient client = CleaveClient.open(bundle, fleet.server(0).address())) {
      return new Served(bundle, fleet, Tasks.of(kind, client, TASKS, tokens));
    } catch (IOException | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  private Ended answer(Map<Kind, Served> served, int round) throws IOException {
    SplittableRandom random = setting.random(NAME, round);
    Served it = Objects.requireNonNull(served.get(Kind.of(round)));
    Task task = it.tasks().get(random.nextInt(TASKS));
    FaultPlan plan = plan(random, round);
    try (FaultProxy one = proxy(it, 0, plan, random);
        FaultProxy other = proxy(it, 1, plan, random);
        CleaveClient client =
            CleaveClient.open(it.bundle(), one.address() + "," + other.address())) {
      long began = System.nanoTime();
      Outcome outcome = Outcome.of(task, client, task.options().withDeadline(times.deadline()));
      Duration after = Duration.ofNanos(System.nanoTime() - began);
      setting.say(
          "link %d: %s, %s: %s after %d ms"
              .formatted(round, task.name(), plan, outcome.text(), after.toMillis()));
      return new Ended(outcome, after);
    }
  }

  private static FaultProxy proxy(Served it, int server, FaultPlan plan, SplittableRandom random)
      throws IOException {
    return FaultProxy.to(it.fleet().server(server).port(), plan, random.nextLong());
  }

  /** Every fault alone, in turn, and then any two or three of them together. */
  private FaultPlan plan(SplittableRandom random, int round) {
    int faults = round < 2 * FAULTS ? 1 : random.nextInt(1, 4);
    Fault up = Fault.NONE;
    Fault down = Fault.NONE;
    for (int n = 0; n < faults; n++) {
      int which = round < 2 * FAULTS ? round / 2 : random.nextInt(FAULTS);
      if (random.nextBoolean()) {
        up = add(up, which, random);
      } else {
        down = add(down, which, random);
      }
    }
    int connections = random.nextInt(3) == 0 ? FaultPlan.ALL : random.nextInt(1, 3);
    return new FaultPlan(up, down, connections);
  }

  private Fault add(Fault fault, int which, SplittableRandom random) {
    // As many in the first hundred bytes as in the last thousands: small numbers are handshakes.
    long byteNumber = (long) Math.exp(random.nextDouble() * Math.log(MOST_BYTES)) - 1;
    return switch (which) {
      case 0 -> fault.delayed(times.delay());
      case 1 -> fault.narrowed(MEGABIT);
      case 2 -> fault.splitAtEveryByte();
      case 3 -> fault.with(new Fault.At.Stall(byteNumber, times.stall().toNanos()));
      case 4 -> fault.with(new Fault.At.Reset(byteNumber));
      default -> fault.with(new Fault.At.Swallow(byteNumber));
    };
  }

  private void count(int round, Future<Ended> answer) throws InterruptedException {
    try {
      // What waits before it for a thread has its own deadline too.
      Duration most = times.deadline().plus(times.grace()).multipliedBy(2 + round / AT_ONCE);
      Ended ended = answer.get(most.toMillis(), TimeUnit.MILLISECONDS);
      if (ended.after().compareTo(times.deadline().plus(times.grace())) > 0) {
        hang(round, "ended %s after it began".formatted(ended.after()));
        return;
      }
      Outcome outcome = ended.outcome();
      outcomes.merge(outcome.text(), 1, Integer::sum);
      switch (outcome) {
        case Outcome.Right _ -> right++;
        case Outcome.Failed it when DOCUMENTED.contains(it.failure().code()) -> documented++;
        case Outcome.Failed it -> wrong(round, "undocumented: " + it.failure().getMessage());
        case Outcome.Wrong it -> wrong(round, it.difference());
      }
    } catch (TimeoutException e) {
      hang(round, "did not end at all");
    } catch (ExecutionException e) {
      wrong(round, "the caller got " + e.getCause());
    }
  }

  private void hang(int round, String how) {
    hung++;
    setting.failure(
        NAME, round, "hung: the deadline was %s, it %s".formatted(times.deadline(), how));
  }

  private void wrong(int round, String why) {
    wrong++;
    setting.failure(NAME, round, why);
  }
}
