package dev.cleave.server.engine;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An engine whose "KV" is a hash of all that a slot was fed, so that a token depends on the prompt,
 * on every token before it and on nothing else: a mixed-up slot, a skipped position or a stale
 * cache gives another answer. It holds its caller to the contract of {@link DecoderEngine}.
 */
public final class FakeDecoderEngine implements DecoderEngine {

  public static final int WIDTH = 8;

  private static final class Slot {
    boolean filled;
    long prompt;
    final List<Long> fed = new ArrayList<>();
  }

  private final DecoderShape shape;
  private final Slot[] slots;
  private @Nullable Thread owner;
  private float[] logits = new float[0];
  private int batch;
  private boolean hasLogits;
  private volatile int maxBatch;
  private final AtomicInteger steps = new AtomicInteger();
  private final AtomicInteger prefills = new AtomicInteger();
  private int prefillsSinceStep;
  private volatile int maxPrefillsInARow;
  private final AtomicInteger forgotten = new AtomicInteger();
  private volatile boolean failSteps;
  private volatile boolean failClears;
  private volatile boolean closed;
  private volatile @Nullable Semaphore stepPermits;

  public FakeDecoderEngine(int slotCount, int vocabulary) {
    this.shape = new DecoderShape(WIDTH, vocabulary, slotCount, 256, 256, 1000, "cpu", "f32");
    this.slots = new Slot[slotCount];
    for (int i = 0; i < slotCount; i++) {
      slots[i] = new Slot();
    }
  }

  /** The greedy answer to a prompt, computed on an engine of its own. */
  public static int[] aloneGreedy(float[] prompt, int vocabulary, int start, int tokens) {
    try (FakeDecoderEngine engine = new FakeDecoderEngine(1, vocabulary)) {
      FloatBuffer hidden =
          java.nio.ByteBuffer.allocateDirect(prompt.length * Float.BYTES)
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer()
              .put(prompt)
              .flip();
      engine.prefill(0, hidden, prompt.length / WIDTH);
      int[] answer = new int[tokens];
      long next = start;
      for (int i = 0; i < tokens; i++) {
        answer[i] = engine.step(1, new long[] {next}, new long[] {i}, false).argmax(0);
        next = answer[i];
      }
      return answer;
    }
  }

  /** From now on each step waits for a permit. */
  public Semaphore gateSteps() {
    Semaphore permits = new Semaphore(0);
    stepPermits = permits;
    return permits;
  }

  public void ungateSteps() {
    Semaphore permits = stepPermits;
    stepPermits = null;
    if (permits != null) {
      permits.release(1_000_000);
    }
  }

  public void failSteps(boolean fail) {
    failSteps = fail;
  }

  public void failClears() {
    failClears = true;
  }

  public int maxBatch() {
    return maxBatch;
  }

  public int steps() {
    return steps.get();
  }

  public int prefills() {
    return prefills.get();
  }

  /** The most prompts that came between two steps. */
  public int maxPrefillsInARow() {
    return maxPrefillsInARow;
  }

  public void forgetCounts() {
    maxBatch = 0;
    maxPrefillsInARow = 0;
    steps.set(0);
    prefills.set(0);
  }

  /** Slots that hold a prompt; to be asked when the owner thread has ended. */
  public long filledSlots() {
    return java.util.Arrays.stream(slots).filter(slot -> slot.filled).count();
  }

  /** Empties all slots without being their owner. */
  public void forgetSlots() {
    for (Slot slot : slots) {
      slot.filled = false;
    }
  }

  @Override
  public DecoderShape shape() {
    return shape;
  }

  @Override
  public void prefill(int slot, FloatBuffer hidden, int positions) {
    requireOwner();
    if (!hidden.isDirect() || hidden.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("hidden must be direct and native");
    }
    Slot into = slots[slot];
    if (into.filled) {
      throw new IllegalStateException("slot " + slot + " was not cleared");
    }
    long hash = positions;
    for (int i = 0; i < positions * WIDTH; i++) {
      hash = mix(hash * 31 + Float.floatToRawIntBits(hidden.get(hidden.position() + i)));
    }
    into.filled = true;
    into.prompt = hash;
    into.fed.clear();
    prefills.incrementAndGet();
    maxPrefillsInARow = Math.max(maxPrefillsInARow, ++prefillsSinceStep);
  }

  @Override
  public StepResult step(int stepBatch, long[] tokens, long[] positions, boolean wantLogits) {
    requireOwner();
    Semaphore permits = stepPermits;
    if (permits != null) {
      permits.acquireUninterruptibly();
    }
    if (failSteps) {
      throw new EngineException("step", "fake", "it was told to fail", null);
    }
    batch = stepBatch;
    hasLogits = wantLogits;
    logits = new float[stepBatch * shape.vocabulary()];
    for (int row = 0; row < stepBatch; row++) {
      feed(slots[row], tokens[row], (int) positions[row]);
      fillLogits(slots[row], row);
    }
    steps.incrementAndGet();
    prefillsSinceStep = 0;
    maxBatch = Math.max(maxBatch, stepBatch);
    return new Result();
  }

  private static void feed(Slot slot, long token, int position) {
    if (!slot.filled) {
      throw new IllegalStateException("a step of a slot without a prompt");
    }
    if (position > slot.fed.size()) {
      throw new IllegalStateException("position " + position + " after " + slot.fed.size());
    }
    while (slot.fed.size() > position) {
      slot.fed.removeLast(); // the same position again overwrites its KV
    }
    slot.fed.add(token);
  }

  private void fillLogits(Slot slot, int row) {
    long hash = slot.prompt;
    for (long token : slot.fed) {
      hash = mix(hash * 31 + token);
    }
    for (int id = 0; id < shape.vocabulary(); id++) {
      logits[row * shape.vocabulary() + id] = (mix(hash + id) >>> 40) * 0x1.0p-21f;
    }
  }

  private final class Result implements StepResult {
    @Override
    public int batch() {
      return batch;
    }

    @Override
    public int argmax(int row) {
      int best = 0;
      for (int id = 1; id < shape.vocabulary(); id++) {
        if (logits[row * shape.vocabulary() + id] > logits[row * shape.vocabulary() + best]) {
          best = id;
        }
      }
      return best;
    }

    @Override
    public FloatBuffer logits() {
      if (!hasLogits) {
        throw new IllegalStateException("the step was run without logits");
      }
      return FloatBuffer.wrap(logits).asReadOnlyBuffer();
    }
  }

  @Override
  public void forgetStep() {
    requireOwner();
    logits = new float[0];
    forgotten.incrementAndGet();
  }

  /** How often it was told to forget its last step. */
  public int forgotten() {
    return forgotten.get();
  }

  @Override
  public void copySlot(int from, int to) {
    requireOwner();
    slots[to].filled = slots[from].filled;
    slots[to].prompt = slots[from].prompt;
    slots[to].fed.clear();
    slots[to].fed.addAll(slots[from].fed);
  }

  @Override
  public void clearSlot(int slot) {
    requireOwner();
    if (failClears) {
      throw new EngineException("clear", "fake", "it was told to fail", null);
    }
    slots[slot].filled = false;
    slots[slot].prompt = 0;
    slots[slot].fed.clear();
  }

  @Override
  public void close() {
    closed = true;
  }

  private void requireOwner() {
    if (closed) {
      throw new IllegalStateException("the engine is closed");
    }
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
