package dev.cleave.server.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.torch.DecoderScript;
import dev.cleave.split.torch.ScriptOptions;
import dev.cleave.split.torch.TorchScriptEmitter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The decoder on libtorch: the program that {@link TorchScriptEmitter} writes, its weights packed
 * at open, its KV allocated at open and written in place.
 *
 * <p>Tokens, positions, argmax and logits pass through direct memory that the tensors alias, so a
 * step is one call into libtorch and makes no tensor on this side. {@link #open} may run on another
 * thread than the one that owns the engine afterwards; libtorch's number of threads is a setting of
 * the process.
 */
public final class TorchDecoderEngine implements DecoderEngine {
  private static final int WARM_UP_STEPS = 3;

  private final TorchProgram program;
  private final DecoderShape shape;

  /** Decoder positions written in each slot since it was cleared. */
  private final int[] filled;

  /** Prompt positions written in each slot since it was cleared. */
  private final int[] prompted;

  private final StepMemory memory;
  private final Result result = new Result();
  private boolean closed;

  private TorchDecoderEngine(TorchProgram program, DecoderShape shape) {
    this.program = program;
    this.shape = shape;
    this.filled = new int[shape.slots()];
    this.prompted = new int[shape.slots()];
    this.memory = new StepMemory(program, shape);
  }

  /**
   * Opens the server half of a bundle and runs a few steps, so that the first session is not slow.
   *
   * @throws EngineException when the device is not there, the KV does not fit, or the weights are
   *     not those that {@code decoder.json} calls for
   */
  public static TorchDecoderEngine open(Bundle serverHalf, EngineOptions options) {
    return open(
        DecoderJson.read(serverHalf.file("decoder.json")),
        serverHalf.file("decoder.safetensors"),
        options);
  }

  /**
   * As {@link #open(Bundle, EngineOptions)}, from a description and the safetensors file with
   * exactly its tensors.
   */
  public static TorchDecoderEngine open(DecoderSpec spec, Path weightsFile, EngineOptions options) {
    TorchDevice.requirePresent(options.device());
    DecoderScript script = emit(spec, options);
    TorchDevice.requireRoom(
        options.device(),
        script.kvBytesPerSlot(),
        options.slots(),
        options.slots() + " slots of " + script.kvBytesPerSlot() + " bytes of KV",
        "lower the number of slots, or the limits of prompt positions or new tokens");
    TorchProgram program = TorchProgram.load(script.archive(), options.threads());
    boolean opened = false;
    try {
      try (Weights weights = Weights.openFile(weightsFile)) {
        WeightPacker.check(
            weights,
            CanonicalTensors.ofDecoder(spec.stack(), spec.head()),
            weightsFile,
            "decoder.json");
        WeightPacker.pack(program, script.weights(), weights, weightsFile);
      }
      program.call("allocate");
      TorchDecoderEngine engine =
          new TorchDecoderEngine(program, shape(spec, script.kvBytesPerSlot(), options));
      engine.warmUp();
      opened = true;
      return engine;
    } catch (SplitException e) {
      throw new EngineException("open engine", weightsFile.toString(), e.detail(), e);
    } catch (ai.djl.engine.EngineException e) {
      throw new EngineException(
          "open engine",
          options.device(),
          "libtorch failed; fewer slots or lower limits need less memory",
          e);
    } finally {
      if (!opened) {
        program.close();
      }
    }
  }

  private static DecoderShape shape(DecoderSpec spec, long kvBytesPerSlot, EngineOptions options) {
    return new DecoderShape(
        spec.stack().width(),
        spec.head().vocabulary(),
        options.slots(),
        options.maxSource(),
        options.maxNewTokens(),
        kvBytesPerSlot,
        options.device(),
        options.precision().name().toLowerCase(Locale.ROOT));
  }

  private static DecoderScript emit(DecoderSpec spec, EngineOptions options) {
    try {
      return TorchScriptEmitter.emit(
          spec,
          new ScriptOptions(
              options.device(),
              options.precision(),
              options.slots(),
              options.maxSource(),
              options.maxNewTokens()));
    } catch (SplitException | IllegalArgumentException e) {
      throw new EngineException(
          "open engine", spec.architecture(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Both step methods and prefill are compiled at their first call. */
  private void warmUp() {
    FloatBuffer nothing = StepMemory.direct(shape.width(), Float.BYTES).asFloatBuffer();
    int most = Math.min(2, shape.slots());
    for (int batch = 1; batch <= most; batch++) {
      prefill(batch - 1, nothing, 1);
      for (int n = 0; n < WARM_UP_STEPS; n++) {
        step(batch, new long[batch], new long[batch], n == 0);
      }
    }
    for (int slot = 0; slot < most; slot++) {
      copySlot(slot, slot == 0 ? most - 1 : 0);
      clearSlot(slot);
    }
  }

  @Override
  public DecoderShape shape() {
    return shape;
  }

  @Override
  public void prefill(int slot, FloatBuffer hidden, int count) {
    requireSlot("slot", slot);
    if (count < 1 || count > shape.maxSource()) {
      throw new IllegalArgumentException(
          "positions must be in [1, " + shape.maxSource() + "], got " + count);
    }
    long values = (long) count * shape.width();
    if (!hidden.isDirect() || hidden.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("hidden states must be direct and in native order");
    }
    if (hidden.remaining() < values) {
      throw new IllegalArgumentException(
          "hidden states must hold " + values + " values, got " + hidden.remaining());
    }
    ByteBuffer states =
        MemorySegment.ofBuffer(hidden)
            .asSlice(0, values * Float.BYTES)
            .asByteBuffer()
            .order(ByteOrder.nativeOrder());
    prompted[slot] = Math.max(prompted[slot], count);
    try (PtNDArray tensor = program.alias(states, DataType.FLOAT32, count, shape.width());
        IValue into = IValue.from(slot);
        IValue input = IValue.from(tensor)) {
      run("prefill", into, input);
    }
  }

  @Override
  public StepResult step(int batch, long[] batchTokens, long[] batchPositions, boolean want) {
    if (batch < 1 || batch > shape.slots()) {
      throw new IllegalArgumentException(
          "batch must be in [1, " + shape.slots() + "], got " + batch);
    }
    for (int row = 0; row < batch; row++) {
      long token = batchTokens[row];
      long position = batchPositions[row];
      if (token < 0 || token >= shape.vocabulary()) {
        throw new IllegalArgumentException("token of row " + row + " is not in the vocabulary");
      }
      if (position < 0 || position >= shape.maxNewTokens()) {
        throw new IllegalArgumentException(
            "position must be in [0, " + shape.maxNewTokens() + "), got " + position);
      }
      memory.tokens.put(row, token);
      memory.positions.put(row, position);
    }
    for (int row = 0; row < batch; row++) {
      filled[row] = Math.max(filled[row], (int) batchPositions[row] + 1);
    }
    result.batch = 0;
    run(batch == 1 ? "step_one" : "step_many", memory.arguments(batch, want));
    result.batch = batch;
    result.withLogits = want;
    return result;
  }

  @Override
  public void forgetStep() {
    result.batch = 0;
    memory.forget();
  }

  @Override
  public void copySlot(int from, int to) {
    requireSlot("from", from);
    requireSlot("to", to);
    if (from == to) {
      return;
    }
    // Nothing of the session that was there stays behind a shorter one.
    clearSlot(to);
    try (IValue source = IValue.from(from);
        IValue target = IValue.from(to);
        IValue length = IValue.from(filled[from])) {
      run("copy_slot", source, target, length);
    }
    filled[to] = filled[from];
    prompted[to] = prompted[from];
  }

  @Override
  public void clearSlot(int slot) {
    requireSlot("slot", slot);
    // What was never written is zero: a slot is as long as the limits, an answer is short.
    try (IValue which = IValue.from(slot);
        IValue positions = IValue.from(filled[slot]);
        IValue prompt = IValue.from(prompted[slot])) {
      run("clear_slot", which, positions, prompt);
    }
    filled[slot] = 0;
    prompted[slot] = 0;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      program.close();
    }
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
          "libtorch failed; clear the slots of this call and open the sessions again",
          TorchProgram.withoutMessage(e));
    }
  }

  private void requireSlot(String name, int slot) {
    if (slot < 0 || slot >= shape.slots()) {
      throw new IllegalArgumentException(
          name + " must be in [0, " + shape.slots() + "), got " + slot);
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
      return (int) memory.top.get(row);
    }

    @Override
    public FloatBuffer logits() {
      if (!withLogits) {
        throw new IllegalStateException("the step was run without logits");
      }
      return memory.logits.slice(0, batch * shape.vocabulary());
    }
  }
}
