package dev.cleave.bench.chaos.work;

import dev.cleave.bench.chaos.link.Fault;
import dev.cleave.bench.chaos.link.FaultPlan;
import dev.cleave.bench.chaos.link.FaultProxy;
import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.SessionOptions;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.replay.Recovery;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Callers that do what devices do on a bad day: cancel, hang up in the middle, vanish with their
 * connection, open sessions and leave them. Closing ends them. Thread-safe.
 */
public final class RudeCallers implements AutoCloseable {
  private static final int MOST_PIECES = 60;
  private static final int MOST_BYTES = 20_000;
  private static final long PAUSE_MILLIS = 20;

  private final Path bundle;
  private final Kind kind;
  private final int port;
  private final List<Task> tasks;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger done = new AtomicInteger();
  private final AtomicReference<@Nullable Exception> broken = new AtomicReference<>();
  private volatile boolean ended;

  private RudeCallers(Path bundle, Kind kind, int port, List<Task> tasks) {
    this.bundle = bundle;
    this.kind = kind;
    this.port = port;
    this.tasks = List.copyOf(tasks);
  }

  /** Begins: one that cancels and leaves sessions, and one that vanishes. */
  public static RudeCallers start(
      Path bundle, Kind kind, int port, List<Task> tasks, SplittableRandom random) {
    RudeCallers callers = new RudeCallers(bundle, kind, port, tasks);
    SplittableRandom cancels = random.split();
    SplittableRandom vanishes = random.split();
    callers.threads.execute(() -> callers.loop(() -> callers.cancel(cancels)));
    callers.threads.execute(() -> callers.loop(() -> callers.vanish(vanishes)));
    return callers;
  }

  private interface Act {
    void run() throws IOException;
  }

  private void loop(Act act) {
    try {
      while (!ended) {
        act.run();
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      }
    } catch (IOException | RuntimeException e) {
      broken.set(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A client that begins answers, cancels or drops them, and leaves a session behind. */
  private void cancel(SplittableRandom random) {
    try (CleaveClient client = client("127.0.0.1:" + port)) {
      for (int n = random.nextInt(1, 8); n > 0 && !ended; n--) {
        try (Generation answer = task(random).begin(client)) {
          take(answer, random.nextInt(MOST_PIECES));
          if (random.nextBoolean()) {
            answer.cancel();
            answer.forEach(piece -> {});
          }
        } catch (CleaveException refused) {
          // a server that is full says so
        }
        done.incrementAndGet();
      }
      if (kind == Kind.CAUSAL) {
        Task task = task(random);
        CausalSession left = client.openSession(SessionOptions.defaults());
        try (Generation answer = left.generate(task.ids(), task.options())) {
          take(answer, random.nextInt(MOST_PIECES));
        } catch (CleaveException refused) {
          // likewise
        }
      }
    }
  }

  /** A client whose connection is reset somewhere. */
  private void vanish(SplittableRandom random) throws IOException {
    Fault reset = Fault.NONE.with(new Fault.At.Reset(random.nextInt(1, MOST_BYTES)));
    FaultPlan plan =
        random.nextBoolean()
            ? new FaultPlan(reset, Fault.NONE, FaultPlan.ALL)
            : new FaultPlan(Fault.NONE, reset, FaultPlan.ALL);
    try (FaultProxy proxy = FaultProxy.to(port, plan, random.nextLong());
        CleaveClient client = client(proxy.address());
        Generation answer = task(random).begin(client)) {
      take(answer, MOST_PIECES);
      proxy.hangUp();
    } catch (CleaveException expected) {
      // the connection was reset
    }
    done.incrementAndGet();
  }

  private CleaveClient client(String address) {
    return CleaveClient.open(
        bundle, ClientOptions.of(address).withThreads(1).withRecovery(Recovery.none()));
  }

  private Task task(SplittableRandom random) {
    return tasks.get(random.nextInt(tasks.size()));
  }

  private static void take(Generation answer, int pieces) {
    Iterator<String> taken = answer.iterator();
    for (int n = 0; n < pieces && taken.hasNext(); n++) {
      taken.next();
    }
  }

  /** How many answers were begun. */
  public int done() {
    return done.get();
  }

  /** What ended one of the callers though nobody asked for it; null where nothing did. */
  public @Nullable Exception broken() {
    return broken.get();
  }

  @Override
  public void close() {
    ended = true;
    threads.close();
  }
}
