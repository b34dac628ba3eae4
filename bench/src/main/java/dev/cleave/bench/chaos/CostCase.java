package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Times;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Secured;
import dev.cleave.bench.chaos.work.Task;
import dev.cleave.bench.chaos.work.Tasks;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.link.Connection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What TLS, tokens and limits of tenants cost: two servers of each kind, one with all of it and one
 * in plaintext without any, asked in turn in one run.
 */
final class CostCase {
  static final String NAME = "cost";

  private static final double GOAL = 0.97;
  private static final int TASKS = 4;
  private static final int WARM_UP_ROUNDS = 3;

  private record Round(double tokensPerSecond, double stepMillis) {}

  private final Setting setting;
  private final Kind kind;
  private final Ratio rates = new Ratio("tokens/s", "tokens/s");
  private final Ratio steps = new Ratio("step p50", "ms");

  private CostCase(Setting setting, Kind kind) {
    this.setting = setting;
    this.kind = kind;
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    Secured secured = Secured.in(setting.folder("keys"));
    for (Kind kind : Kind.values()) {
      new CostCase(setting, kind).run(secured);
    }
  }

  private void run(Secured secured) throws IOException, InterruptedException {
    Path bundle = setting.models().bundle(kind);
    Path folder = setting.folder(NAME).resolve(kind.text());
    try (Fleet on = Fleet.start(folder.resolve("on"), bundle, 1, secured.serverOptions());
        Fleet off = Fleet.start(folder.resolve("off"), bundle, 1, List.of());
        CleaveClient onClient =
            client(bundle, Connection.to(on.addresses()).withSecurity(secured.client()));
        CleaveClient offClient = client(bundle, Connection.to(off.addresses()))) {
      List<Task> tasks = Tasks.of(kind, offClient, TASKS, kind.longest());
      int rounds = setting.extent().rounds(4, 60);
      for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
        // Who comes second may find another machine: they take turns at it.
        boolean first = round % 2 == 0;
        Round ours = first ? round(onClient, tasks) : null;
        Round theirs = round(offClient, tasks);
        ours = ours == null ? round(onClient, tasks) : ours;
        if (round >= 0) {
          rates.round(ours.tokensPerSecond(), theirs.tokensPerSecond());
          steps.round(ours.stepMillis(), theirs.stepMillis());
        }
      }
    }
    add("tokens/s", rates, rates.ratio() >= GOAL, ">= 0.97");
    add("step p50", steps, steps.ratio() <= 1 / GOAL, "<= 1.031, which is 0.97 of the speed");
  }

  private static CleaveClient client(Path bundle, Connection connection) {
    return CleaveClient.open(bundle, ClientOptions.of(connection).withThreads(1));
  }

  private Round round(CleaveClient client, List<Task> tasks) {
    Times times = new Times();
    int tokens = 0;
    long nanos = 0;
    for (Task task : tasks) {
      StringBuilder got = new StringBuilder();
      try (Generation answer = task.begin(client)) {
        long first = 0;
        long last = 0;
        for (String piece : answer) {
          long now = System.nanoTime();
          if (last == 0) {
            first = now;
          } else {
            times.add(now - last);
          }
          last = now;
          got.append(piece);
        }
        tokens += answer.tokenIds().length;
        nanos += last - first;
        String difference = task.difference(got, answer.tokenIds());
        if (!difference.isEmpty()) {
          setting.failure(NAME, 0, task.name() + ": " + difference);
        }
      }
    }
    return new Round(tokens * 1e9 / nanos, times.millis(0.5));
  }

  private void add(String what, Ratio ratio, boolean met, String goal) {
    setting
        .report()
        .add(
            new Row(
                "cost of TLS + JWT + limits, %s: %s, on/off".formatted(kind.text(), what),
                goal,
                String.format(Locale.ROOT, "%.3f (%s)", ratio.ratio(), ratio.sides("on", "off")),
                Verdict.met(met)));
  }
}
