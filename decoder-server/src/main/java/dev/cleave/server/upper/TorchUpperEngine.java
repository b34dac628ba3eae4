package dev.cleave.server.upper;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.cleave.server.engine.EngineException;
import dev.cleave.server.engine.StepResult;
import dev.cleave.server.engine.TorchDevice;
import dev.cleave.server.engine.TorchProgram;
import dev.cleave.server.engine.WeightPacker;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.UpperJson;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.torch.UpperEmitter;
import dev.cleave.split.torch.UpperScript;
import dev.cleave.split.torch.UpperScriptOptions;
import dev.cleave.split.torch.WeightPrecision;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The upper layers on libtorch: the program that {@link UpperEmitter} writes, its weights packed at
 * open, the KV of each slot allocated with the slot and written in place.
 *
 * <p>The boundary tensor, argmax and logits pass through direct memory that the tensors alias, so a
 * step is one call into libtorch. {@link #open} may run on another thread than the one that owns
 * the engine afterwards; libtorch's number of threads is a setting of the process.
 */
public final class TorchUpperEngine implements UpperEngine {
  private static final int WARM_UP_STEPS = 3;

  private final TorchProgram program;
  private final UpperShape shape;
  private final UpperMemory memory;
  private final Result result = new Result();

  /** Positions that each slot has room for; 0 in a free one. */
  private final int[] room;

  /** Positions that each slot holds. */
  private final int[] length;

  /** Positions written in each slot since it was allocated, forgotten ones with them. */
  private final int[] written;

  private boolean closed;

  private TorchUpperEngine(TorchProgram program, UpperShape shape) {
    this.program = program;
    this.shape = shape;
    this.memory = new UpperMemory(program, shape);
    this.room = new int[shape.slots()];
    this.length = new int[shape.slots()];
    this.written = new int[shape.slots()];
  }

  /**
   * Opens the server half of a bundle and runs a few steps, so that the first session is not slow.
   *
   * @throws EngineException when the device is not there or cannot compute in the precision, the
   *     weights do not fit into memory, or they are not those that {@code upper.json} calls for
   */
  public static TorchUpperEngine open(Bundle serverHalf, UpperOptions options) {
    return open(
        UpperJson.read(serverHalf.file("upper.json")),
        serverHalf.file("upper.safetensors"),
        options);
  }

  /**
   * As {@link #open(Bundle, UpperOptions)}, from a description and the safetensors file with
   * exactly its tensors.
   */
  public static TorchUpperEngine open(UpperSpec spec, Path weightsFile, UpperOptions options) {
    TorchDevice.requirePresent(options.device());
    UpperScript script = emit(spec, options);
    if (options.precision() == WeightPrecision.INT8) {
      VnniCheck.require();
    }
    TorchDevice.requireRoom(
        options.device(),
        weightBytes(spec, options.precision()),
        1,
        weightBytes(spec, options.precision()) + " bytes of weights",
        "close what else runs here, or take a lesser --precision");
    TorchProgram program = TorchProgram.load(script.archive(), options.threads());
    boolean opened = false;
    try {
      try (Weights weights = Weights.openFile(weightsFile)) {
        WeightPacker.check(weights, CanonicalTensors.ofUpper(spec), weightsFile, "upper.json");
        WeightPacker.pack(program, script.weights(), weights, weightsFile);
      }
      program.call("prepare");
      TorchUpperEngine engine =
          new TorchUpperEngine(program, shape(spec, script.kvBytesPerPosition(), options));
      engine.warmUp();
      opened = true;
      return engine;
    } catch (SplitException e) {
      throw new EngineException("open engine", weightsFile.toString(), e.detail(), e);
    } catch (ai.djl.engine.EngineException e) {
      throw new EngineException(
          "open engine", options.device(), "libtorch failed; see its message for what it lacks", e);
    } finally {
      if (!opened) {
        program.close();
      }
    }
  }

  private static long weightBytes(UpperSpec spec, WeightPrecision precision) {
    long elements = 0;
    long largest = 0;
    for (CanonicalTensors.Tensor tensor : CanonicalTensors.ofUpper(spec)) {
      elements += tensor.elements();
      largest = Math.max(largest, tensor.elements());
    }
    // while one is packed, it is there in f32 too, as it came and joined to others
    return elements * precision.bytes() + 2 * largest * Float.BYTES;
  }

  private static UpperScript emit(UpperSpec spec, UpperOptions options) {
    try {
      return UpperEmitter.emit(
          spec,
          new UpperScriptOptions(
              options.device(),
              options.precision(),
              options.sizes().slots(),
              options.sizes().maxPositions()));
    } catch (SplitException | IllegalArgumentException e) {
      throw new EngineException(
          "open engine", spec.architecture(), String.valueOf(e.getMessage()), e);
    }
  }

  private static UpperShape shape(UpperSpec spec, long kvBytesPerPosition, UpperOptions options) {
    return new UpperShape(
        spec.width(),
        spec.head().vocabulary(),
        options.sizes().slots(),
        options.sizes().maxPositions(),
        options.sizes().maxStepPositions(),
        kvBytesPerPosition,
        options.device(),
        options.precision().name().toLowerCase(Locale.ROOT));
  }

  /** Each method is compiled at its first call. */
  private void warmUp() {
    int positions = Math.min(2, Math.min(shape.maxPositions(), shape.maxStepPositions()));
    FloatBuffer nothing =
        UpperMemory.direct(positions * shape.width(), Float.BYTES).asFloatBuffer();
    allocate(0, positions);
    for (int n = 0; n < WARM_UP_STEPS; n++) {
      step(List.of(new Segment(0, 0, positions, positions)), nothing, n == 0);
      step(List.of(new Segment(0, 0, 1, 1)), nothing, n == 0);
    }
    free(0);
  }

  @Override
  public UpperShape shape() {
    return shape;
  }

  @Override
  public void allocate(int slot, int positions) {
    requireSlot(slot);
    if (room[slot] != 0) {
      throw new IllegalArgumentException("slot " + slot + " is not free");
    }
    if (positions < 1 || positions > shape.maxPositions()) {
      throw new IllegalArgumentException(
          "positions must be in [1, " + shape.maxPositions() + "], got " + positions);
    }
    try (IValue which = IValue.from(slot);
        IValue count = IValue.from(positions)) {
      run("allocate", which, count);
    }
    room[slot] = positions;
  }

  @Override
  public StepResult step(List<Segment> segments, FloatBuffer hidden, boolean wantLogits) {
    int rows = require(segments);
    ByteBuffer states = states(hidden, rows);
    int answers = 0;
    for (Segment segment : segments) {
      answers += segment.answers();
    }
    int most = UpperMemory.mostLogitRows(shape.vocabulary());
    if (wantLogits && answers > most) {
      throw new IllegalArgumentException(
          "logits are there for at most " + most + " answers at once, asked for " + answers);
    }
    result.batch = 0;
    if (wantLogits) {
      memory.reserve(answers);
    }
    for (Segment segment : segments) {
      int slot = segment.slot();
      written[slot] = Math.max(written[slot], segment.end());
      length[slot] = segment.end();
    }
    try (PtNDArray tensor = program.alias(states, DataType.FLOAT32, rows, shape.width());
        IValue input = IValue.from(tensor)) {
      if (rows == 1) {
        stepOne(segments.getFirst(), input, wantLogits);
      } else {
        stepMany(segments, rows, answers, input, wantLogits);
      }
    }
    result.batch = answers;
    result.withLogits = wantLogits;
    return result;
  }

  private void stepOne(Segment segment, IValue input, boolean wantLogits) {
    try (IValue slot = IValue.from(segment.slot());
        IValue start = IValue.from(segment.start())) {
      run(
          "step_one",
          slot,
          start,
          input,
          memory.top(),
          memory.logits(),
          memory.flag(wantLogits),
          memory.flag(segment.answers() == 1));
    }
  }

  private void stepMany(
      List<Segment> segments, int rows, int answers, IValue input, boolean wantLogits) {
    long[] list = new long[4 * segments.size()];
    int row = 0;
    int answer = 0;
    int at = 0;
    for (Segment segment : segments) {
      list[at++] = segment.slot();
      list[at++] = segment.start();
      list[at++] = segment.positions();
      list[at++] = segment.end();
      for (int n = 0; n < segment.positions(); n++) {
        memory.put(row, segment.start() + n);
        if (n >= segment.positions() - segment.answers()) {
          memory.answer(answer++, row);
        }
        row++;
      }
    }
    try (IValue parts = IValue.listFrom(list);
        PtNDArray places = memory.places(rows);
        IValue at1 = IValue.from(places);
        PtNDArray answered = memory.answered(answers);
        IValue which = IValue.from(answered)) {
      run(
          "step_many",
          parts,
          input,
          at1,
          which,
          memory.top(),
          memory.logits(),
          memory.flag(wantLogits));
    }
  }

  @Override
  public void forgetStep() {
    result.batch = 0;
    memory.forget();
  }

  @Override
  public void free(int slot) {
    requireSlot(slot);
    if (room[slot] == 0) {
      return;
    }
    // What was never written is not the session's.
    try (IValue which = IValue.from(slot);
        IValue positions = IValue.from(written[slot])) {
      run("free", which, positions);
    }
    room[slot] = 0;
    length[slot] = 0;
    written[slot] = 0;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      memory.close();
      program.close();
    }
  }

  /** Checks a step; the number of its rows. */
  private int require(List<Segment> segments) {
    boolean[] seen = new boolean[shape.slots()];
    long rows = 0;
    for (Segment segment : segments) {
      int slot = segment.slot();
      requireSlot(slot);
      if (seen[slot]) {
        throw new IllegalArgumentException("slot " + slot + " has two segments in one step");
      }
      seen[slot] = true;
      if (segment.start() > length[slot]) {
        throw new IllegalArgumentException(
            "a segment must start within the %d positions of slot %d, got %d"
                .formatted(length[slot], slot, segment.start()));
      }
      if (segment.end() > room[slot]) {
        throw new IllegalArgumentException(
            "slot %d has room for %d positions, the segment ends at %d"
                .formatted(slot, room[slot], segment.end()));
      }
      rows += segment.positions();
    }
    if (rows < 1 || rows > shape.maxStepPositions()) {
      throw new IllegalArgumentException(
          "a step must have positions in [1, " + shape.maxStepPositions() + "], got " + rows);
    }
    return (int) rows;
  }

  private ByteBuffer states(FloatBuffer hidden, int rows) {
    if (!hidden.isDirect() || hidden.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("hidden states must be direct and in native order");
    }
    long values = (long) rows * shape.width();
    if (hidden.remaining() < values) {
      throw new IllegalArgumentException(
          "hidden states must hold " + values + " values, got " + hidden.remaining());
    }
    return MemorySegment.ofBuffer(hidden)
        .asSlice(0, values * Float.BYTES)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder());
  }

  private void run(String method, IValue... values) {
    if (closed) {
      throw new IllegalStateException("the engine is closed");
    }
    try {
      program.call(method, values);
    } catch (ai.djl.engine.EngineException e) {
      throw new EngineException(
          method.replace('_', ' '),
          shape.device(),
          "libtorch failed; free the slots of this call and open the sessions again",
          TorchProgram.withoutMessage(e));
    }
  }

  private void requireSlot(int slot) {
    if (slot < 0 || slot >= shape.slots()) {
      throw new IllegalArgumentException("slot must be in [0, " + shape.slots() + "), got " + slot);
    }
  }

  private final class Result implements StepResult {
    private int batch;
    private boolean withLogits;

    @Override
    public int batch() {
      return batch;
    }

    @Override
    public int argmax(int row) {
      if (row < 0 || row >= batch) {
        throw new IndexOutOfBoundsException("row must be in [0, " + batch + "), got " + row);
      }
      return memory.top(row);
    }

    @Override
    public FloatBuffer logits() {
      if (!withLogits) {
        throw new IllegalStateException("the step was run without logits");
      }
      return memory.logitRows(batch);
    }
  }
}
