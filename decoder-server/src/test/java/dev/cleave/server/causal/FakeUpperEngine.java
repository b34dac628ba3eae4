package dev.cleave.server.causal;

import dev.cleave.server.engine.EngineException;
import dev.cleave.server.engine.StepResult;
import dev.cleave.server.upper.Segment;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperShape;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An engine whose "KV" is a running hash of the rows, so that a token depends on every row up to
 * its own and on nothing else: a mixed-up slot, a skipped row or a row that was to be taken back
 * gives another answer. It holds its caller to the contract of {@link UpperEngine}, and remembers
 * the segments of every step.
 */
public final class FakeUpperEngine implements UpperEngine {

  public static final int WIDTH = 8;

  private final UpperShape shape;
  private final long[][] kv;
  private final int[] length;
  private @Nullable Thread owner;
  private final List<List<Segment>> steps = new CopyOnWriteArrayList<>();
  private volatile @Nullable Semaphore permits;
  private volatile int failingStart = -1;
  private volatile boolean failFrees;
  private volatile boolean failAllocations;
  private final AtomicInteger allocated = new AtomicInteger();
  private final AtomicInteger forgotten = new AtomicInteger();
  private volatile @Nullable FloatBuffer staging;

  public FakeUpperEngine(int slots, int vocabulary, int maxPositions, int maxStepPositions) {
    this.shape =
        new UpperShape(WIDTH, vocabulary, slots, maxPositions, maxStepPositions, 100, "cpu", "f32");
    this.kv = new long[slots][];
    this.length = new int[slots];
  }

  /** The token that stands behind the last of these rows, chosen greedily. */
  public static int next(float[] rows, int vocabulary) {
    long hash = 0;
    for (int start = 0; start < rows.length; start += WIDTH) {
      hash = feed(hash, FloatBuffer.wrap(rows), start);
    }
    return argmax(logits(hash, vocabulary));
  }

  /** From now on each step waits for a permit. */
  public Semaphore gate() {
    Semaphore gate = new Semaphore(0);
    permits = gate;
    return gate;
  }

  /** Lets all steps go. */
  public void ungate() {
    Semaphore gate = permits;
    permits = null;
    if (gate != null) {
      gate.release(1_000_000);
    }
  }

  /** Steps with a segment that starts here fail; -1 for none. */
  public void failSegmentsAt(int start) {
    failingStart = start;
  }

  public void failFrees() {
    failFrees = true;
  }

  public void failAllocations(boolean fail) {
    failAllocations = fail;
  }

  /** The segments of all steps, without those of the warm-up once {@link #forget} was called. */
  public List<List<Segment>> steps() {
    return steps;
  }

  public void forget() {
    steps.clear();
  }

  /** How often it was told to forget its last step. */
  public int forgotten() {
    return forgotten.get();
  }

  /** The memory in which the last step was handed to it, all of it; null before the first. */
  public @Nullable FloatBuffer staging() {
    FloatBuffer last = staging;
    return last == null ? null : last.clear();
  }

  /** Slots that are allocated. */
  public int allocated() {
    return allocated.get();
  }

  @Override
  public UpperShape shape() {
    return shape;
  }

  @Override
  public void allocate(int slot, int positions) {
    requireOwner();
    if (kv[slot] != null || positions < 1 || positions > shape.maxPositions()) {
      throw new IllegalStateException("slot " + slot + " for " + positions);
    }
    if (failAllocations) {
      throw new EngineException("allocate", "fake", "it was told to fail", null);
    }
    kv[slot] = new long[positions];
    length[slot] = 0;
    allocated.incrementAndGet();
  }

  @Override
  public StepResult step(List<Segment> segments, FloatBuffer hidden, boolean wantLogits) {
    requireOwner();
    requireContract(segments, hidden);
    Semaphore gate = permits;
    staging = hidden.duplicate();
    steps.add(List.copyOf(segments)); // before the gate: who waits for it sees the step
    if (gate != null) {
      gate.acquireUninterruptibly();
    }
    int failing = failingStart;
    if (segments.stream().anyMatch(segment -> segment.start() == failing)) {
      throw new EngineException("step", "fake", "it was told to fail", null);
    }
    int rows = segments.stream().mapToInt(Segment::answers).sum();
    float[] logits = new float[rows * shape.vocabulary()];
    int row = 0;
    int at = hidden.position();
    for (Segment segment : segments) {
      long[] cache = kv[segment.slot()];
      for (int position = segment.start(); position < segment.end(); position++) {
        cache[position] = feed(position == 0 ? 0 : cache[position - 1], hidden, at);
        at += WIDTH;
        if (position >= segment.end() - segment.answers()) {
          float[] one = logits(cache[position], shape.vocabulary());
          System.arraycopy(one, 0, logits, row++ * one.length, one.length);
        }
      }
      length[segment.slot()] = segment.end();
    }
    return new Result(rows, logits, wantLogits);
  }

  private void requireContract(List<Segment> segments, FloatBuffer hidden) {
    if (!hidden.isDirect() || hidden.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("hidden must be direct and native");
    }
    int rows = segments.stream().mapToInt(Segment::positions).sum();
    if (rows < 1 || rows > shape.maxStepPositions() || hidden.remaining() < rows * WIDTH) {
      throw new IllegalArgumentException(rows + " rows, " + hidden.remaining() + " floats");
    }
    Set<Integer> slots = new HashSet<>();
    for (Segment segment : segments) {
      long[] cache = kv[segment.slot()];
      if (cache == null
          || !slots.add(segment.slot())
          || segment.start() > length[segment.slot()]
          || segment.end() > cache.length) {
        throw new IllegalArgumentException(
            segments.stream().map(Segment::toString).collect(Collectors.joining(", ")));
      }
    }
  }

  private static long feed(long hash, FloatBuffer rows, int start) {
    long next = mix(hash + 1);
    for (int i = 0; i < WIDTH; i++) {
      next = mix(next * 31 + Float.floatToRawIntBits(rows.get(start + i)));
    }
    return next;
  }

  private static float[] logits(long hash, int vocabulary) {
    float[] logits = new float[vocabulary];
    for (int id = 0; id < vocabulary; id++) {
      logits[id] = (mix(hash + id) >>> 40) * 0x1.0p-21f;
    }
    return logits;
  }

  private static int argmax(float[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      best = logits[id] > logits[best] ? id : best;
    }
    return best;
  }

  private final class Result implements StepResult {
    private final int rows;
    private final float[] values;
    private final boolean wanted;

    Result(int rows, float[] values, boolean wanted) {
      this.rows = rows;
      this.values = values;
      this.wanted = wanted;
    }

    @Override
    public int batch() {
      return rows;
    }

    @Override
    public int argmax(int row) {
      int vocabulary = shape.vocabulary();
      return FakeUpperEngine.argmax(
          Arrays.copyOfRange(values, row * vocabulary, (row + 1) * vocabulary));
    }

    @Override
    public FloatBuffer logits() {
      if (!wanted) {
        throw new IllegalStateException("the step was run without logits");
      }
      return FloatBuffer.wrap(values).asReadOnlyBuffer();
    }
  }

  @Override
  public void forgetStep() {
    requireOwner();
    forgotten.incrementAndGet();
  }

  @Override
  public void free(int slot) {
    requireOwner();
    if (failFrees) {
      throw new EngineException("free", "fake", "it was told to fail", null);
    }
    if (kv[slot] != null) {
      allocated.decrementAndGet();
    }
    kv[slot] = null;
  }

  @Override
  public void close() {}

  private void requireOwner() {
    if (owner == null) {
      owner = Thread.currentThread();
    } else if (!owner.equals(Thread.currentThread())) {
      throw new IllegalStateException("called on " + Thread.currentThread() + ", owner " + owner);
    }
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return z ^ (z >>> 33);
  }
}
