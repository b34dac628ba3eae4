package dev.cleave.server.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.torch.DecoderScript;
import dev.cleave.split.torch.ScriptOptions;
import dev.cleave.split.torch.TorchScriptEmitter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
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
  private final int[] filled;
  private final LongBuffer tokens;
  private final LongBuffer positions;
  private final LongBuffer top;
  private final FloatBuffer logits;
  private final StepArguments arguments;
  private final Result result = new Result();
  private boolean closed;

  private TorchDecoderEngine(TorchProgram program, DecoderShape shape) {
    this.program = program;
    this.shape = shape;
    this.filled = new int[shape.slots()];
    ByteBuffer tokenMemory = direct(shape.slots(), Long.BYTES);
    ByteBuffer positionMemory = direct(shape.slots(), Long.BYTES);
    ByteBuffer topMemory = direct(shape.slots(), Long.BYTES);
    ByteBuffer logitMemory =
        direct(Math.multiplyExact(shape.slots(), shape.vocabulary()), Float.BYTES);
    this.tokens = tokenMemory.asLongBuffer();
    this.positions = positionMemory.asLongBuffer();
    this.top = topMemory.asLongBuffer();
    this.logits = logitMemory.asFloatBuffer();
    this.arguments =
        new StepArguments(program, shape, tokenMemory, positionMemory, topMemory, logitMemory);
  }

  /**
   * Opens a decoder and runs a few steps, so that the first session is not slow.
   *
   * @param spec the description
   * @param weightsFile the safetensors file with exactly the tensors of the description
   * @throws EngineException when the device is not there, the KV does not fit, or the weights are
   *     not those that the description calls for
   */
  public static TorchDecoderEngine open(DecoderSpec spec, Path weightsFile, EngineOptions options) {
    TorchDevice.requirePresent(options.device());
    DecoderScript script = emit(spec, options);
    TorchDevice.requireRoom(options, script.kvBytesPerSlot());
    TorchProgram program = TorchProgram.load(script.archive(), options.threads());
    try {
      try (Weights weights = Weights.openFile(weightsFile)) {
        WeightPacker.check(weights, spec, weightsFile);
        WeightPacker.pack(program, script.weights(), weights, weightsFile);
      }
      program.call("allocate");
      TorchDecoderEngine engine =
          new TorchDecoderEngine(
              program,
              new DecoderShape(
                  spec.stack().width(),
                  spec.head().vocabulary(),
                  options.slots(),
                  options.maxSource(),
                  options.maxNewTokens(),
                  script.kvBytesPerSlot(),
                  options.device(),
                  options.precision().name().toLowerCase(Locale.ROOT)));
      engine.warmUp();
      return engine;
    } catch (ai.djl.engine.EngineException e) {
      program.close();
      throw new EngineException(
          "open engine",
          weightsFile.toString(),
          "libtorch failed; fewer slots or lower limits need less memory",
          e);
    } catch (SplitException e) {
      program.close();
      throw new EngineException("open engine", weightsFile.toString(), e.detail(), e);
    } catch (RuntimeException e) {
      program.close();
      throw e;
    }
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
    FloatBuffer nothing = direct(shape.width(), Float.BYTES).asFloatBuffer();
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
    ByteBuffer memory =
        MemorySegment.ofBuffer(hidden)
            .asSlice(0, values * Float.BYTES)
            .asByteBuffer()
            .order(ByteOrder.nativeOrder());
    try (PtNDArray tensor = program.alias(memory, DataType.FLOAT32, count, shape.width());
        IValue into = IValue.from(slot);
        IValue states = IValue.from(tensor)) {
      run("prefill", into, states);
    }
    filled[slot] = 0;
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
      tokens.put(row, token);
      positions.put(row, position);
    }
    result.batch = 0;
    run(batch == 1 ? "step_one" : "step_many", arguments.of(batch, want));
    for (int row = 0; row < batch; row++) {
      filled[row] = Math.max(filled[row], (int) batchPositions[row] + 1);
    }
    result.batch = batch;
    result.withLogits = want;
    return result;
  }

  @Override
  public void copySlot(int from, int to) {
    requireSlot("from", from);
    requireSlot("to", to);
    if (from == to) {
      return;
    }
    try (IValue source = IValue.from(from);
        IValue target = IValue.from(to);
        IValue length = IValue.from(filled[from])) {
      run("copy_slot", source, target, length);
    }
    filled[to] = filled[from];
  }

  @Override
  public void clearSlot(int slot) {
    requireSlot("slot", slot);
    try (IValue which = IValue.from(slot)) {
      run("clear_slot", which);
    }
    filled[slot] = 0;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      arguments.close();
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
      // the message of libtorch may print values, so it stays out of ours
      throw new EngineException(
          method.replace('_', ' '),
          shape.device(),
          "libtorch failed; clear the slots of this call and open the sessions again",
          e);
    }
  }

  private void requireSlot(String name, int slot) {
    if (slot < 0 || slot >= shape.slots()) {
      throw new IllegalArgumentException(
          name + " must be in [0, " + shape.slots() + "), got " + slot);
    }
  }

  static ByteBuffer direct(int elements, int bytesEach) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(elements, bytesEach))
        .order(ByteOrder.nativeOrder());
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
      return (int) top.get(row);
    }

    @Override
    public FloatBuffer logits() {
      if (!withLogits) {
        throw new IllegalStateException("the step was run without logits");
      }
      return logits.slice(0, batch * shape.vocabulary());
    }
  }
}
