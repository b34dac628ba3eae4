package dev.cleave.server.upper;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.cleave.server.engine.TorchProgram;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/**
 * What passes between a step and its caller: direct memory, and the arguments that alias it. The
 * logits' grows to the most rows that were ever wanted. Confined to the engine's owner thread.
 */
final class UpperMemory implements AutoCloseable {
  private final TorchProgram program;
  private final int vocabulary;
  private final ByteBuffer places;
  private final ByteBuffer answered;
  private final ByteBuffer best;
  private final LongBuffer top;
  private final IValue topArgument;
  private final IValue yes;
  private final IValue no;
  private Logits logits;

  UpperMemory(TorchProgram program, UpperShape shape) {
    int rows = shape.maxStepPositions();
    this.program = program;
    this.vocabulary = shape.vocabulary();
    this.places = direct(rows, Long.BYTES);
    this.answered = direct(rows, Long.BYTES);
    this.best = direct(rows, Long.BYTES);
    this.top = best.asLongBuffer();
    this.topArgument = program.argument(program.alias(best, DataType.INT64, rows));
    this.yes = program.argument(true);
    this.no = program.argument(false);
    this.logits = new Logits(1);
  }

  /** The longest row count whose logits one buffer holds. */
  static int mostLogitRows(int vocabulary) {
    return Integer.MAX_VALUE / Float.BYTES / vocabulary;
  }

  void put(int row, int position) {
    places.putLong(row * Long.BYTES, position);
  }

  void answer(int index, int row) {
    answered.putLong(index * Long.BYTES, row);
  }

  PtNDArray places(int rows) {
    return program.alias(head(places, rows), DataType.INT64, rows);
  }

  PtNDArray answered(int rows) {
    return program.alias(head(answered, rows), DataType.INT64, rows);
  }

  /** Makes room for the logits of so many rows. */
  void reserve(int rows) {
    if (logits.rows < rows) {
      Logits larger =
          new Logits(Math.min(Math.max(rows, 2 * logits.rows), mostLogitRows(vocabulary)));
      logits.close();
      logits = larger;
    }
  }

  IValue top() {
    return topArgument;
  }

  IValue logits() {
    return logits.argument;
  }

  IValue flag(boolean value) {
    return value ? yes : no;
  }

  int top(int row) {
    return (int) top.get(row);
  }

  FloatBuffer logitRows(int rows) {
    return logits.values.slice(0, rows * vocabulary);
  }

  /** Overwrites what steps have left here. */
  void forget() {
    for (ByteBuffer each : new ByteBuffer[] {places, answered, best}) {
      MemorySegment.ofBuffer(each).fill((byte) 0);
    }
    logits.segment.fill((byte) 0);
  }

  static ByteBuffer direct(int elements, int bytesEach) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(elements, bytesEach))
        .order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer head(ByteBuffer memory, int longs) {
    return memory.slice(0, longs * Long.BYTES).order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    logits.close();
  }

  private final class Logits {
    // shared: whoever closes the engine may be another thread than its owner
    private final Arena arena = Arena.ofShared();
    private final int rows;
    private final MemorySegment segment;
    private final FloatBuffer values;
    private final PtNDArray tensor;
    private final IValue argument;

    Logits(int rows) {
      this.rows = rows;
      this.segment = arena.allocate((long) rows * vocabulary * Float.BYTES, 64);
      ByteBuffer memory = segment.asByteBuffer().order(ByteOrder.nativeOrder());
      this.values = memory.asFloatBuffer();
      this.tensor = program.alias(memory, DataType.FLOAT32, rows, vocabulary);
      this.argument = IValue.from(tensor);
    }

    void close() {
      argument.close();
      tensor.close();
      segment.fill((byte) 0);
      arena.close();
    }
  }
}
