package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Row;
import dev.cleave.bench.chaos.figures.Samples;
import dev.cleave.bench.chaos.figures.Trend;
import dev.cleave.bench.chaos.figures.Verdict;
import dev.cleave.bench.chaos.fleet.Fleet;
import dev.cleave.bench.chaos.fleet.FleetServer;
import dev.cleave.bench.chaos.fleet.MemoryProbe;
import dev.cleave.bench.chaos.fleet.ProcessUse;
import dev.cleave.bench.chaos.fleet.ServeTerms;
import dev.cleave.bench.chaos.work.HonestCallers;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.RudeCallers;
import dev.cleave.bench.chaos.work.Task;
import dev.cleave.bench.chaos.work.Tasks;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Mixed load for a long time, on one server of each kind at once: callers that take their answers,
 * that cancel, that vanish, that leave sessions behind. What the servers hold is sampled, and must
 * not grow.
 */
final class SoakCase {
  static final String NAME = "soak";

  private static final String SLOTS = "12";
  private static final int TASKS = 8;
  private static final int HONEST = 2;
  private static final double MEBIBYTE = 1 << 20;

  /**
   * libtorch's oneDNN compiles a kernel for each shape that it meets and keeps up to 1024. That
   * growth has an end, but none within an hour of short answers: here the warm-up is to see it.
   */
  private static final Map<String, String> FEW_KERNELS =
      Map.of("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128");

  private static final long SAMPLE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A full collection stops the server: not with every sample. */
  private static final int SAMPLES_PER_HEAP = 12;

  /** Of the whole time: caches fill, code is compiled. */
  private static final double WARM_UP = 0.25;

  private static final int FEWEST_SAMPLES = 24;

  /** Below this a slope says more of the compiler than of leaks. */
  private static final Duration PROOF = Duration.ofMinutes(20);

  /** One quantity of a server, and how much more of it in the end is of no account. */
  private enum Quantity {
    RESIDENT("RSS, MiB", 4),
    NATIVE("native allocations in use, MiB", 2),
    HEAP("Java heap behind a collection, MiB", 1),
    THREADS("threads", 1),
    FILES("file descriptors", 2);

    private final String text;
    private final double negligible;

    Quantity(String text, double negligible) {
      this.text = text;
      this.negligible = negligible;
    }
  }

  private final Setting setting;
  private final Duration time;
  private final long sampleNanos;

  private SoakCase(Setting setting) {
    this.setting = setting;
    this.time = setting.extent().time(Duration.ofSeconds(6), Duration.ofMinutes(60));
    this.sampleNanos = Math.min(SAMPLE_NANOS, time.toNanos() / (2 * FEWEST_SAMPLES));
  }

  static void run(Setting setting) throws IOException, InterruptedException {
    if (!ProcessUse.supported()) {
      throw new IOException("what a process holds is known on Linux only: run soak there");
    }
    new SoakCase(setting).run();
  }

  private void run() throws IOException, InterruptedException {
    List<Load> loads = new ArrayList<>();
    try {
      for (Kind kind : Kind.values()) {
        loads.add(Load.start(setting, kind));
      }
      sample(loads);
      loads.forEach(load -> load.rows(setting, time));
    } finally {
      loads.forEach(Load::close);
    }
  }

  private void sample(List<Load> loads) throws IOException, InterruptedException {
    long began = System.nanoTime();
    long warm = began + (long) (WARM_UP * time.toNanos());
    long end = began + time.toNanos();
    setting.say("soak: %s, the first %.0f %% of it to warm up".formatted(time, 100 * WARM_UP));
    for (int n = 0; System.nanoTime() - end < 0; n++) {
      TimeUnit.NANOSECONDS.sleep(sampleNanos);
      long since = System.nanoTime() - began;
      boolean counts = System.nanoTime() - warm >= 0;
      for (Load load : loads) {
        load.sample(since, counts, n % SAMPLES_PER_HEAP == 0);
      }
      if (n % (5 * SAMPLES_PER_HEAP) == 0) {
        loads.forEach(load -> setting.say(load.progress(since)));
      }
    }
  }

  /** One server with all its callers. */
  private static final class Load implements AutoCloseable {
    private final Kind kind;
    private final Fleet fleet;
    private final CleaveClient client;
    private final HonestCallers honest;
    private final RudeCallers rude;
    private final Map<Quantity, Samples> samples = new EnumMap<>(Quantity.class);
    private @Nullable ProcessUse last;

    private Load(
        Kind kind, Fleet fleet, CleaveClient client, HonestCallers honest, RudeCallers rude) {
      this.kind = kind;
      this.fleet = fleet;
      this.client = client;
      this.honest = honest;
      this.rude = rude;
      for (Quantity quantity : Quantity.values()) {
        samples.put(quantity, new Samples());
      }
    }

    static Load start(Setting setting, Kind kind) throws IOException, InterruptedException {
      Path bundle = setting.models().bundle(kind);
      List<String> options =
          new ArrayList<>(List.of("--max-sessions", SLOTS, "--idle-timeout", "2"));
      if (kind == Kind.CAUSAL) {
        options.addAll(List.of("--session-timeout", "2"));
      }
      Fleet fleet =
          Fleet.start(
              setting.folder(NAME).resolve(kind.text()),
              bundle,
              1,
              new ServeTerms(options, FEW_KERNELS));
      CleaveClient client =
          CleaveClient.open(bundle, ClientOptions.of(fleet.addresses()).withThreads(1));
      List<Task> tasks = Tasks.of(kind, client, TASKS, kind.longest());
      return new Load(
          kind,
          fleet,
          client,
          HonestCallers.start(client, tasks.subList(0, HONEST), false),
          RudeCallers.start(
              bundle, kind, fleet.server(0).port(), tasks, setting.random(NAME, kind.longest())));
    }

    /** Takes a sample, which counts unless the server still warms up. */
    void sample(long sinceNanos, boolean counts, boolean heap)
        throws IOException, InterruptedException {
      FleetServer server = fleet.server(0);
      if (!server.alive()) {
        throw new IOException("the server has ended under load, see " + server.log());
      }
      ProcessUse use = ProcessUse.of(server.pid());
      last = use;
      if (!counts) {
        return;
      }
      add(Quantity.RESIDENT, sinceNanos, use.residentBytes() / MEBIBYTE);
      add(Quantity.THREADS, sinceNanos, use.threads());
      add(Quantity.FILES, sinceNanos, use.files());
      if (heap) {
        add(Quantity.HEAP, sinceNanos, MemoryProbe.heapBytes(server.pid()) / MEBIBYTE);
        add(Quantity.NATIVE, sinceNanos, MemoryProbe.nativeBytes(server.pid()) / MEBIBYTE);
      }
    }

    private void add(Quantity quantity, long sinceNanos, double value) {
      of(quantity).add(sinceNanos, value);
    }

    private Samples of(Quantity quantity) {
      return Objects.requireNonNull(samples.get(quantity));
    }

    String progress(long sinceNanos) {
      ProcessUse use = Objects.requireNonNull(last);
      return "soak, %d min, %s: %d answers right, %d cut off, RSS %d MiB (%d in huge pages), %d files"
          .formatted(
              TimeUnit.NANOSECONDS.toMinutes(sinceNanos),
              kind.text(),
              honest.answered(),
              rude.done(),
              use.residentBytes() >> 20,
              use.hugePageBytes() >> 20,
              use.files());
    }

    void rows(Setting setting, Duration time) {
      honest.close();
      rude.close();
      List<String> failures = new ArrayList<>(honest.failures());
      if (rude.broken() != null) {
        failures.add("a rude caller ended: " + rude.broken());
      }
      failures.forEach(failure -> setting.failure(NAME, 0, kind.text() + ": " + failure));
      for (Quantity quantity : Quantity.values()) {
        setting.report().add(row(quantity, time));
      }
    }

    private Row row(Quantity quantity, Duration time) {
      String what =
          "soak, %.0f min: %s of the server, %s"
              .formatted(time.toMillis() / 60e3, quantity.text, kind.text());
      String goal = "flat (slope within noise)";
      Samples taken = of(quantity);
      if (taken.count() < 3) {
        return new Row(what, goal, "too few samples", Verdict.MISSED);
      }
      Trend trend = taken.trend();
      boolean flat = trend.flat(quantity.negligible);
      return new Row(
          what,
          goal,
          String.format(
              Locale.ROOT,
              "%.1f in the end, slope %+.2f an hour (95 %% of %+.2f to %+.2f), noise %.2f; %d"
                  + " samples, %d answers right, %d cut off",
              taken.last(),
              trend.perHour(),
              trend.low(),
              trend.high(),
              trend.noise(),
              taken.count(),
              honest.answered(),
              rude.done()),
          time.compareTo(PROOF) < 0 ? Verdict.met(flat) : Verdict.held(flat));
    }

    @Override
    public void close() {
      honest.close();
      rude.close();
      client.close();
      fleet.close();
    }
  }
}
