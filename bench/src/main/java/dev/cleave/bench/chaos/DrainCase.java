package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.work.HonestCallers;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Task;
import dev.cleave.bench.chaos.work.Tasks;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * SIGTERM of two servers in turn, each started again, under sixteen callers that never pause: half
 * of those of a causal model keep one session for all their answers. Callers notice nothing.
 */
final class DrainCase {
  static final String NAME = "drain";

  private static final int CALLERS = 16;
  private static final int SERVERS = 2;
  private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(5);

  private final Setting setting;
  private final List<String> failures = new ArrayList<>();
  private int answered;
  private int drained;

  private DrainCase(Setting setting) {
    this.setting = setting;
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    DrainCase drain = new DrainCase(setting);
    int rolls = setting.extent().rounds(1, 10);
    for (Kind kind : Kind.values()) {
      drain.roll(kind, rolls);
    }
    for (int n = 0; n < drain.failures.size(); n++) {
      setting.failure(NAME, rolls - 1, drain.failures.get(n));
    }
    setting
        .report()
        .add(
            new Row(
                "rolling drain of two servers under %d sessions, each of both model kinds"
                    .formatted(CALLERS),
                "0 failures seen by callers",
                "%d drains, %d right answers, %d failures"
                    .formatted(drain.drained, drain.answered, drain.failures.size()),
                Verdict.held(drain.failures.isEmpty())));
  }

  private void roll(Kind kind, int rolls) throws IOException, InterruptedException {
    Path bundle = setting.models().bundle(kind);
    boolean causal = kind == Kind.CAUSAL;
    try (Fleet fleet =
            Fleet.start(
                setting.folder(NAME).resolve(kind.text()),
                bundle,
                SERVERS,
                // A second is less than sixteen answers take together: some are handed back.
                List.of("--max-sessions", "32", "--drain-timeout", "1"));
        CleaveClient client =
            CleaveClient.open(bundle, ClientOptions.of(fleet.addresses()).withThreads(1))) {
      List<Task> tasks = Tasks.of(kind, client, CALLERS, kind.longest());
      try (HonestCallers some = HonestCallers.start(client, tasks.subList(0, CALLERS / 2), causal);
          HonestCallers others =
              HonestCallers.start(client, tasks.subList(CALLERS / 2, CALLERS), false)) {
        for (int n = 0; n < rolls * SERVERS; n++) {
          awaitAnswers(some, others);
          drain(fleet, n % SERVERS);
        }
        awaitAnswers(some, others);
        for (HonestCallers callers : List.of(some, others)) {
          answered += callers.answered();
          callers.failures().forEach(failure -> failures.add(kind.text() + ": " + failure));
          if (callers.refused() > 0) {
            failures.add(
                "%s: %d callers were told to come again".formatted(kind.text(), callers.refused()));
          }
        }
      }
    }
  }

  private void drain(Fleet fleet, int index) throws IOException, InterruptedException {
    long began = System.nanoTime();
    int status = fleet.server(index).terminate();
    drained++;
    if (status != 0) {
      failures.add("a drained server ended with status " + status);
    }
    setting.say(
        "drain %d: ended with status %d after %d ms"
            .formatted(drained, status, (System.nanoTime() - began) / 1_000_000));
    fleet.restart(index);
    fleet.awaitAll();
  }

  /** As many answers more as there are callers. */
  private static void awaitAnswers(HonestCallers some, HonestCallers others)
      throws IOException, InterruptedException {
    int goal = some.answered() + others.answered() + CALLERS;
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (some.answered() + others.answered() < goal) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException(
            "callers have got no answers for 5 minutes; they say %s %s"
                .formatted(some.failures(), others.failures()));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
