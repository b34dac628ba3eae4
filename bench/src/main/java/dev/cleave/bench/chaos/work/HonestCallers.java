package dev.cleave.bench.chaos.work;

import dev.cleave.bench.chaos.figures.Times;
import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.Generation;
import dev.cleave.edge.SessionOptions;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Callers that ask for answers one after the other, hold each against the undisturbed one and take
 * the time between its pieces. Closing ends them. Thread-safe.
 */
public final class HonestCallers implements AutoCloseable {
  private static final long PAUSE_NANOS = Duration.ofMillis(50).toNanos();

  private final CleaveClient client;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private volatile Times steps = new Times();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final List<String> failures = new ArrayList<>();
  private volatile boolean ended;

  private HonestCallers(CleaveClient client) {
    this.client = client;
  }

  /**
   * Begins to ask.
   *
   * @param client borrowed
   * @param tasks of which each caller has one
   * @param sessions whether each caller keeps one session for all its answers, as those of a causal
   *     model may
   */
  public static HonestCallers start(CleaveClient client, List<Task> tasks, boolean sessions) {
    HonestCallers callers = new HonestCallers(client);
    for (Task task : tasks) {
      callers.threads.execute(
          sessions ? () -> callers.askInSession(task) : () -> callers.ask(task));
    }
    return callers;
  }

  private void ask(Task task) {
    while (!ended) {
      take(task, null);
    }
  }

  private void askInSession(Task task) {
    SessionOptions room =
        SessionOptions.defaults()
            .withPositions(task.prompt().size() + task.tokens().size() + task.options().drafts());
    try (CausalSession session = client.openSession(room)) {
      while (!ended) {
        take(task, session);
      }
    }
  }

  private void take(Task task, @Nullable CausalSession session) {
    StringBuilder got = new StringBuilder();
    long last = 0;
    try (Generation answer =
        session == null ? task.begin(client) : session.generate(task.ids(), task.options())) {
      for (String piece : answer) {
        long now = System.nanoTime();
        if (last != 0) {
          steps.add(now - last);
        }
        last = now;
        got.append(piece);
        if (ended) {
          return;
        }
      }
      String difference = task.difference(got, answer.tokenIds());
      if (difference.isEmpty()) {
        answered.incrementAndGet();
      } else {
        fail(task.name() + ": " + difference);
      }
    } catch (CleaveException e) {
      if (ended) {
        return;
      }
      if (!task.text().startsWith(got.toString())) {
        fail(task.name() + ": what came before an error is no beginning of the answer");
      } else if (e.category() == Category.RETRY) {
        refused.incrementAndGet();
        LockSupport.parkNanos(e.retryDelay().map(Duration::toNanos).orElse(PAUSE_NANOS));
      } else {
        fail(task.name() + ": " + e.getMessage());
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } finally {
      if (session != null) {
        session.truncate(0);
      }
    }
  }

  private void fail(String failure) {
    synchronized (failures) {
      failures.add(failure);
    }
  }

  /** The times between pieces since this was called last; of long answers a piece is a step. */
  public Times takeSteps() {
    Times taken = steps;
    steps = new Times();
    return taken;
  }

  /** Right answers so far. */
  public int answered() {
    return answered.get();
  }

  /** How often a server had no room, which it said. */
  public int refused() {
    return refused.get();
  }

  /** Everything else that callers got: wrong answers and errors. */
  public List<String> failures() {
    synchronized (failures) {
      return List.copyOf(failures);
    }
  }

  /** Ends the callers in the middle of their answers. */
  @Override
  public void close() {
    ended = true;
    threads.close();
  }
}
