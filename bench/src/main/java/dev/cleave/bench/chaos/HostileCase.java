package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Times;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.fleet.FleetServer;
import dev.cleave.bench.chaos.fleet.PeakUse;
import dev.cleave.bench.chaos.fleet.ProcessUse;
import dev.cleave.bench.chaos.hostile.Attacker;
import dev.cleave.bench.chaos.work.HonestCallers;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Secured;
import dev.cleave.bench.chaos.work.Task;
import dev.cleave.bench.chaos.work.Tasks;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.link.Connection;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Clients that mean harm, while honest ones go on: the server stays up, what it holds is bounded,
 * and honest clients notice little. Once on a server that anybody may talk to, and once on one with
 * TLS, tokens and limits, where whoever attacks is a tenant of its own.
 */
final class HostileCase {
  static final String NAME = "hostile";

  private static final int SLOTS = 24;
  private static final int HONEST = 2;
  private static final double MOST_RATIO = 2;
  private static final long END_NANOS = TimeUnit.SECONDS.toNanos(90);

  /** Above what the server holds when all its slots are in use: buffers of connections. */
  private static final long MORE_BYTES = 192L << 20;

  private static final int MORE_THREADS = 24;

  /** Sockets that were let go and are not closed yet. */
  private static final int MORE_FILES = 16;

  /** So many are made between two lines of progress. */
  private static final int BLOCK = 10_000;

  /** An attack, and how often it is made in the short and in the long form, on each kind. */
  private record Plan(String attack, int shortForm, int longForm) {}

  private static final List<Plan> PLANS =
      List.of(
          new Plan("messages", 400, 500_000),
          new Plan("raw", 26, 2_600),
          new Plan("slow", 20, 200),
          new Plan("opens", 100, 5_000),
          new Plan("replays", 20, 1_000));

  /** What a tenant can do that is let in. */
  private static final List<Plan> PLANS_OF_TENANT =
      List.of(
          new Plan("messages", 400, 100_000),
          new Plan("opens", 100, 1_000),
          new Plan("replays", 20, 200));

  /** What an operator may allow whom it does not know well; the honest tenant has more weight. */
  private static final String LIMITS =
      """
      {"clinic": {"weight": 4}, "bank": {"sessions": 4, "requests_per_second": 20, "burst": 20}}
      """;

  private final Setting setting;
  private final Kind kind;
  private final Optional<Secured> secured;
  private final String text;
  private final List<Plan> plans;
  private final Path bundle;
  private final List<String> faults = new ArrayList<>();
  private long attacks;

  private HostileCase(Setting setting, Kind kind, Optional<Secured> secured) {
    this.setting = setting;
    this.kind = kind;
    this.secured = secured;
    this.text = kind.text() + (secured.isPresent() ? ", from a tenant with limits" : "");
    this.plans = secured.isPresent() ? PLANS_OF_TENANT : PLANS;
    this.bundle = setting.models().bundle(kind);
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    if (!ProcessUse.supported()) {
      throw new IOException("what a process holds is known on Linux only: run hostile there");
    }
    Secured secured = Secured.in(setting.folder("keys-" + NAME), LIMITS);
    for (Kind kind : Kind.values()) {
      new HostileCase(setting, kind, Optional.empty()).run();
      new HostileCase(setting, kind, Optional.of(secured)).run();
    }
  }

  private void run() throws IOException, InterruptedException {
    List<String> options =
        new ArrayList<>(
            List.of("--max-sessions", Integer.toString(SLOTS), "--idle-timeout", idleSeconds()));
    if (kind == Kind.CAUSAL) {
      options.addAll(List.of("--session-timeout", idleSeconds()));
    }
    secured.ifPresent(it -> options.addAll(it.serverOptions()));
    Path folder = setting.folder(NAME).resolve(text.replace(' ', '-'));
    try (Fleet fleet = Fleet.start(folder, bundle, 1, options);
        CleaveClient client = client(fleet)) {
      FleetServer server = fleet.server(0);
      List<Task> tasks = Tasks.of(kind, client, SLOTS, kind.longest());
      ProcessUse before = fullLoad(server, client, tasks);
      try (HonestCallers honest =
              HonestCallers.start(client, tasks.subList(0, HONEST), kind == Kind.CAUSAL);
          PeakUse watched = PeakUse.of(server.pid());
          Attacker attacker = attacker(server)) {
        Duration quiet =
            setting.extent().longForm() ? Duration.ofSeconds(30) : Duration.ofSeconds(2);
        honest.takeSteps();
        TimeUnit.NANOSECONDS.sleep(quiet.toNanos());
        Times undisturbed = honest.takeSteps();
        double worst = 0;
        for (int n = 0; n < plans.size(); n++) {
          honest.takeSteps();
          attack(n, attacker, server, honest);
          Times disturbed = honest.takeSteps();
          worst = Math.max(worst, ratio(n, disturbed, undisturbed));
        }
        rows(server, honest, new Uses(before, watched.peak()), worst);
      }
    }
  }

  private CleaveClient client(Fleet fleet) {
    Connection connection = Connection.to(fleet.addresses());
    return CleaveClient.open(
        bundle,
        ClientOptions.of(secured.map(it -> connection.withSecurity(it.client())).orElse(connection))
            .withThreads(1));
  }

  private Attacker attacker(FleetServer server) throws IOException {
    if (secured.isEmpty()) {
      return Attacker.start(server.port(), bundle);
    }
    Secured it = secured.get();
    return Attacker.start(server.port(), bundle, it.ca(), it.token(Secured.OTHER_TENANT));
  }

  private String idleSeconds() {
    return setting.extent().longForm() ? "5" : "1";
  }

  private record Uses(ProcessUse before, ProcessUse peak) {}

  /** All slots in use at once: pools and caches are as full as honest use fills them. */
  private ProcessUse fullLoad(FleetServer server, CleaveClient client, List<Task> tasks)
      throws IOException, InterruptedException {
    try (HonestCallers all = HonestCallers.start(client, tasks, false)) {
      int times = setting.extent().longForm() ? 3 : 1;
      while (all.answered() < times * SLOTS && server.alive()) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
    return ProcessUse.of(server.pid());
  }

  private void attack(int number, Attacker attacker, FleetServer server, HonestCallers honest)
      throws IOException {
    Plan plan = plans.get(number);
    int count = count(plan);
    SplittableRandom random = setting.random(NAME + text, number);
    for (int done = 0; done < count && server.alive(); done += BLOCK) {
      long began = System.nanoTime();
      Attacker.Result result =
          attacker.attack(plan.attack(), random.nextLong(), Math.min(BLOCK, count - done));
      attacks += result.total();
      setting.say(
          "hostile, %s: %s, %d from %d of %d in %d s, honest answers so far %d, refused %d: %s"
              .formatted(
                  text,
                  plan.attack(),
                  result.total(),
                  done,
                  count,
                  TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began),
                  honest.answered(),
                  honest.refused(),
                  result.outcomes()));
      if (result.faults() > 0) {
        faults.add(
            "%d of %s at fault: %s".formatted(result.faults(), plan.attack(), result.kept()));
      }
    }
    if (!server.alive()) {
      faults.add("the server has ended after " + plan.attack());
    }
  }

  /** Where rounds are given they are messages, and the rest is in proportion. */
  private int count(Plan plan) {
    Plan messages = plans.getFirst();
    long rounds = setting.extent().rounds(messages.shortForm(), messages.longForm());
    return (int) Math.max(plan.shortForm(), rounds * plan.longForm() / messages.longForm());
  }

  private double ratio(int number, Times disturbed, Times undisturbed) {
    double ratio = disturbed.millis(0.99) / undisturbed.millis(0.99);
    setting.say(
        String.format(
            Locale.ROOT,
            "hostile, %s: %s, honest step p99 %.2f ms (%d steps), before %.2f ms (%d): ratio %.2f",
            text,
            plans.get(number).attack(),
            disturbed.millis(0.99),
            disturbed.count(),
            undisturbed.millis(0.99),
            undisturbed.count(),
            ratio));
    return ratio;
  }

  private void rows(FleetServer server, HonestCallers honest, Uses uses, double worst)
      throws IOException, InterruptedException {
    honest.close();
    faults.addAll(honest.failures());
    ProcessUse before = uses.before();
    if (server.alive()) {
      awaitNothingLeft(server, before);
    }
    ProcessUse peak = uses.peak();
    long bound = before.residentBytes() + MORE_BYTES;
    if (peak.residentBytes() > bound) {
      faults.add("RSS rose to %d MiB".formatted(peak.residentBytes() >> 20));
    }
    if (peak.threads() > before.threads() + MORE_THREADS) {
      faults.add("threads rose from %d to %d".formatted(before.threads(), peak.threads()));
    }
    for (int n = 0; n < faults.size(); n++) {
      setting.failure(NAME, n, text + ": " + faults.get(n));
    }
    setting
        .report()
        .add(
            new Row(
                "hostile clients, %s (%,d messages, streams and connections)"
                    .formatted(text, attacks),
                "server up, memory bounded (asserted)",
                "up; RSS at most %d MiB (before %d, bound %d), threads %d (before %d); %d faults"
                    .formatted(
                        peak.residentBytes() >> 20,
                        before.residentBytes() >> 20,
                        bound >> 20,
                        peak.threads(),
                        before.threads(),
                        faults.size()),
                Verdict.held(faults.isEmpty())));
    setting
        .report()
        .add(
            new Row(
                "honest clients meanwhile, " + text,
                "p99 step time <= 2x, in the worst of the attacks",
                String.format(
                    Locale.ROOT,
                    "%.2fx; %d answers right, %d refused for want of room",
                    worst,
                    honest.answered(),
                    honest.refused()),
                Verdict.met(worst <= MOST_RATIO)));
  }

  /** Sessions, KV and sockets of clients that are gone are given back. */
  private void awaitNothingLeft(FleetServer server, ProcessUse before)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + END_NANOS;
    while (System.nanoTime() - deadline < 0) {
      if (ProcessUse.of(server.pid()).files() <= before.files() + MORE_FILES
          && server.metric("cleave_sessions_open") == 0
          && server.metric("cleave_kv_slots_free") == SLOTS
          && server.metric("cleave_prompt_buffer_bytes") == 0) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    faults.add(
        "behind the end of all clients the server has %s sessions, %s free slots, %d files (before %d)"
            .formatted(
                server.metric("cleave_sessions_open"),
                server.metric("cleave_kv_slots_free"),
                ProcessUse.of(server.pid()).files(),
                before.files()));
  }
}
