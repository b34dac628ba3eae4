package dev.cleave.edge.hat;

import dev.cleave.edge.engine.EncoderEngine;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.hat.HatException;
import dev.cleave.hat.HatLibrary;
import dev.cleave.split.hailo.EmbeddingTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The encoder on an AI HAT+, or on its simulator. Token ids are looked up on the host, padded to
 * the shortest compiled length that holds them, masked, quantised, run, and the result is brought
 * back to f32.
 *
 * <p>Thread-safe. Two inputs are under way at once: one is prepared while the other is on the chip;
 * a third waits. Every wait has an end. A failure that may pass is tried again a few times; a
 * session or connection that is lost is opened anew once for each input. What is returned is always
 * whole: an input either gets its hidden states or a {@link CleaveException}.
 */
public final class HatEncoder implements EncoderEngine {
  private static final int UNDER_WAY = 2;
  private static final int TRIES = 3;

  private final HatLibrary library;
  private final HatPlan plan;
  private final EmbeddingTable table;

  /** Shared: whoever encodes does so on a thread of its own. */
  private final Arena arena = Arena.ofShared();

  private final BlockingQueue<Staging> stagings = new ArrayBlockingQueue<>(UNDER_WAY);

  /** Read by what runs, written by what opens and closes the board. */
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();

  private @Nullable HatBoard board;
  private long openings;
  private boolean closed;

  /** Where an input is prepared. */
  private record Staging(MemorySegment rows, MemorySegment mask) {}

  private HatEncoder(HatLibrary library, HatPlan plan, EmbeddingTable table, HatBoard board) {
    this.library = library;
    this.plan = plan;
    this.table = table;
    this.board = board;
    long longest = plan.longest();
    for (int i = 0; i < UNDER_WAY; i++) {
      stagings.add(
          new Staging(
              arena.allocate(longest * plan.width() * Float.BYTES, 64),
              arena.allocate(longest * Float.BYTES, 64)));
    }
  }

  /**
   * Loads the library, opens the device and loads all models.
   *
   * @throws CleaveException when one of them cannot be had; it says what to do
   */
  public static HatEncoder open(HatPlan plan) {
    HatLibrary library;
    try {
      library = HatLibrary.open(plan.library());
    } catch (HatException e) {
      throw failure(plan, e);
    }
    EmbeddingTable table = null;
    try {
      requireKind(plan, library);
      table = EmbeddingTable.open(plan.embedding());
      HatBoard board = HatBoard.open(library, plan.models(), plan.width());
      return new HatEncoder(library, plan, table, board);
    } catch (HatException e) {
      release(table, library);
      throw failure(plan, e);
    } catch (RuntimeException e) {
      release(table, library);
      throw e;
    }
  }

  private static void requireKind(HatPlan plan, HatLibrary library) {
    boolean wanted = plan.engine() == EngineChoice.HAT_SIM;
    if (library.simulated() != wanted) {
      throw CleaveException.fatal(
          Code.ENGINE,
          "%s is release %s, %s"
              .formatted(
                  plan.library(), library.version(), wanted ? "no simulator" : "the simulator"),
          wanted ? "use --engine hat" : "use --engine hat-sim, or name the board's library");
    }
  }

  private static void release(@Nullable EmbeddingTable table, HatLibrary library) {
    if (table != null) {
      table.close();
    }
    library.close();
  }

  @Override
  public String name() {
    return plan.engine().text();
  }

  @Override
  public int width() {
    return plan.width();
  }

  @Override
  public int maxPositions() {
    return plan.longest();
  }

  @Override
  public void encode(LongBuffer ids, FloatBuffer hidden) {
    int positions = ids.remaining();
    requireAtMost(positions);
    int elements = new EncoderShape(width(), maxPositions()).elements(ids, hidden);
    Staging staging = take();
    try {
      FloatBuffer out = hidden.slice(hidden.position(), elements);
      int tries = 0;
      boolean reopened = false;
      while (true) {
        try {
          attempt(ids, staging, out);
          return;
        } catch (Lost lost) {
          HatException e = lost.cause;
          switch (e.category()) {
            case RETRY -> {
              if (++tries == TRIES) {
                throw failure(plan, e);
              }
            }
            case REOPEN_SESSION -> {
              if (reopened) {
                throw failure(plan, e);
              }
              reopened = true;
              reopen(lost.opening);
            }
            case FATAL -> throw failure(plan, e);
          }
        }
      }
    } finally {
      stagings.add(staging);
    }
  }

  /** A run that failed, and which opening of the board it failed on. */
  private static final class Lost extends Exception {
    private static final long serialVersionUID = 1;

    private final HatException cause;
    private final long opening;

    Lost(HatException cause, long opening) {
      super(null, cause, false, false);
      this.cause = cause;
      this.opening = opening;
    }
  }

  private void attempt(LongBuffer ids, Staging staging, FloatBuffer out) throws Lost {
    gate.readLock().lock();
    try {
      if (closed) {
        throw CleaveException.fatal(Code.CLOSED, "the encoder is closed", "open the client again");
      }
      HatBoard now = board;
      if (now == null) {
        throw new Lost(
            new HatException(
                HatException.Category.REOPEN_SESSION,
                "running on a board that could not be opened anew",
                0,
                "",
                "`./cleave doctor` shows its state"),
            openings);
      }
      // Looked up here: once this is closed there is no table any more.
      table.gather(
          ids, staging.rows().asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
      HatBucket bucket = now.fitting(ids.remaining()).orElseThrow();
      bucket.run(staging.rows(), staging.mask(), ids.remaining(), out, plan.timeout());
    } catch (HatException e) {
      throw new Lost(e, openings);
    } finally {
      gate.readLock().unlock();
    }
  }

  /** Once for all that failed on the same opening. */
  private void reopen(long opening) {
    gate.writeLock().lock();
    try {
      if (closed || openings != opening) {
        return;
      }
      openings++;
      HatBoard old = board;
      board = null;
      if (old != null) {
        old.close();
      }
      board = HatBoard.open(library, plan.models(), plan.width());
    } catch (HatException e) {
      throw failure(plan, e);
    } finally {
      gate.writeLock().unlock();
    }
  }

  private Staging take() {
    try {
      // As long as those that are under way may take, all tries and an opening included.
      long most = TimeUnit.SECONDS.toNanos(60) + (TRIES + 1) * plan.timeout().toNanos();
      Staging staging = stagings.poll(most, TimeUnit.NANOSECONDS);
      if (staging == null) {
        throw CleaveException.of(
            Code.ENGINE,
            Category.RETRY,
            "waited %d s for two other inputs on the board"
                .formatted(TimeUnit.NANOSECONDS.toSeconds(most)),
            "try again, with fewer at once");
      }
      return staging;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CleaveException.fatal(
          Code.CLOSED, "the thread was interrupted before it could encode", "try again");
    }
  }

  private void requireAtMost(int positions) {
    if (positions > maxPositions()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the input has %d positions and the encoder is compiled for %s"
              .formatted(positions, plan.lengths()),
          "shorten the text, use --engine ort, or split with a longer --hailo and compile that");
    }
  }

  /** What a caller of the SDK gets to see. */
  private static CleaveException failure(HatPlan plan, HatException e) {
    Category category =
        switch (e.category()) {
          case RETRY -> Category.RETRY;
          // A session of the board is not one of the server; it was opened anew already.
          case REOPEN_SESSION -> Category.RETRY;
          case FATAL -> Category.FATAL;
        };
    return CleaveException.of(
            Code.ENGINE,
            category,
            plan.engine().text() + " failed " + e.getMessage(),
            "or use --engine ort")
        .causedBy(e);
  }

  @Override
  public void close() {
    gate.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      HatBoard old = board;
      board = null;
      if (old != null) {
        old.close();
      }
      table.close();
      library.close();
      // nobody is in a staging any more: they are used under the gate alone
      arena.close();
    } finally {
      gate.writeLock().unlock();
    }
  }
}
