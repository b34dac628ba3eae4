package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Times;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.work.Arrivals;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Task;
import dev.cleave.bench.chaos.work.Tasks;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * SIGKILL of the server that holds a session, at a random moment of the answer: while the prompt is
 * on its way or behind any token. Two servers, which share nothing; the one that was killed is
 * started again when the answer is whole.
 */
final class KillsCase {
  static final String NAME = "kills";

  private static final int TASKS = 8;
  private static final int SERVERS = 2;

  /** One of so many kills comes before the first token. */
  private static final int EARLY_ONE_IN = 5;

  /** A kill may find the session at the other server, or ended: so many tries for a round. */
  private static final int TRIES = 4;

  private static final double GOAL_MILLIS = 1000;

  private record Served(Fleet fleet, CleaveClient client, List<Task> tasks) {}

  private final Setting setting;
  private final Times recovered = new Times();
  private final Times replayed = new Times();
  private final Times beyondReplay = new Times();
  private int hits;
  private int misses;
  private int broken;

  private KillsCase(Setting setting) {
    this.setting = setting;
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    new KillsCase(setting).run();
  }

  private void run() throws IOException, InterruptedException {
    int rounds = setting.extent().rounds(6, 300);
    Map<Kind, Served> served = new EnumMap<>(Kind.class);
    try {
      for (Kind kind : Kind.values()) {
        served.put(kind, serve(kind));
      }
      setting.eachMet(NAME, rounds, TRIES, served, this::round, "no kill in %d met the session");
    } finally {
      for (Served each : served.values()) {
        each.client().close();
        each.fleet().close();
      }
    }
    rows(rounds);
  }

  private Served serve(Kind kind) throws IOException, InterruptedException {
    Path bundle = setting.models().bundle(kind);
    Fleet fleet =
        Fleet.start(
            setting.folder(NAME).resolve(kind.text()),
            bundle,
            SERVERS,
            List.of("--max-sessions", "8"));
    try (CleaveClient alone = CleaveClient.open(bundle, fleet.server(0).address())) {
      List<Task> tasks = Tasks.of(kind, alone, TASKS, kind.longest());
      return new Served(
          fleet,
          CleaveClient.open(bundle, ClientOptions.of(fleet.addresses()).withThreads(1)),
          tasks);
    } catch (IOException | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  /** Whether the kill met the session. */
  private boolean round(Served it, int round, SplittableRandom random)
      throws IOException, InterruptedException {
    it.fleet().awaitAll();
    Task task = it.tasks().get(random.nextInt(TASKS));
    int tokens = task.tokens().size();
    boolean early = random.nextInt(EARLY_ONE_IN) == 0;
    int behind = early ? 0 : random.nextInt(1, tokens - tokens / 8);
    Victim victim = new Victim(it.fleet(), random.nextInt(SERVERS));
    // As long as a few tokens or a small upload take.
    long late = random.nextLong(early ? 20_000_000 : 2_000_000);
    Arrivals arrivals =
        Arrivals.of(
            task,
            it.client(),
            behind,
            () ->
                Thread.ofVirtual()
                    .start(() -> {
                      LockSupport.parkNanos(late);
                      victim.kill();
                    }));
    victim.await();
    it.fleet().restart(victim.index());
    String difference = arrivals.difference(task);
    boolean hit = arrivals.reopened() > 0;
    if (!difference.isEmpty()) {
      broken++;
      setting.failure(
          NAME, round, task.name() + ", killed behind token " + behind + ": " + difference);
      return true;
    }
    if (!hit) {
      misses++;
      return false;
    }
    hits++;
    time(it, round, task, arrivals, victim.nanos());
    return true;
  }

  private void time(Served it, int round, Task task, Arrivals arrivals, long killNanos)
      throws IOException {
    it.fleet().awaitAll(); // what starts takes the time of what is measured
    int next = arrivals.behindLongestSilence(killNanos);
    long recovery = arrivals.nanos(next) - killNanos;
    Arrivals fresh = Arrivals.of(task, it.client(), Integer.MAX_VALUE, () -> {});
    long replay = fresh.nanosTo(arrivals.characters(next));
    recovered.add(recovery);
    replayed.add(replay);
    beyondReplay.add(Math.max(0, recovery - replay));
    setting.say(
        String.format(
            Locale.ROOT,
            "kills %d: %s, next token %.0f ms after the kill, a fresh session takes %.0f ms to it",
            round,
            task.name(),
            recovery / 1e6,
            replay / 1e6));
  }

  private void rows(int rounds) {
    setting
        .report()
        .add(
            new Row(
                "random kill -9 of a server in mid-generation, two servers, both model kinds",
                rounds + " kills, 0 tokens lost, repeated or changed",
                "%d kills that met a session (%d did not), %d texts not right"
                    .formatted(hits, misses, broken),
                Verdict.held(broken == 0 && hits >= rounds)));
    setting
        .report()
        .add(
            new Row(
                "time from kill to next token",
                "p50 < 1 s + replay",
                String.format(
                    Locale.ROOT,
                    "%s; a fresh session to that token %s; beyond that p50 %.0f ms",
                    recovered.text(),
                    replayed.text(),
                    beyondReplay.millis(0.5)),
                Verdict.met(beyondReplay.millis(0.5) < GOAL_MILLIS)));
  }
}
