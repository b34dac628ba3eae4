package dev.cleave.server.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.IValue;
import java.lang.foreign.MemorySegment;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/**
 * What passes between a step and its caller: direct memory, and for every batch size the arguments
 * that alias it, made once. Confined to the engine's owner thread; the program owns the arguments.
 */
final class StepMemory {
  /** {@code [slots]}. */
  final LongBuffer tokens;

  /** {@code [slots]}. */
  final LongBuffer positions;

  /** {@code [slots]}. */
  final LongBuffer top;

  /** {@code [slots, vocabulary]}. */
  final FloatBuffer logits;

  private final IValue[][] plain;
  private final IValue[][] wanting;

  StepMemory(TorchProgram program, DecoderShape shape) {
    int slots = shape.slots();
    ByteBuffer tokenMemory = direct(slots, Long.BYTES);
    ByteBuffer positionMemory = direct(slots, Long.BYTES);
    ByteBuffer topMemory = direct(slots, Long.BYTES);
    ByteBuffer logitMemory = direct(Math.multiplyExact(slots, shape.vocabulary()), Float.BYTES);
    tokens = tokenMemory.asLongBuffer();
    positions = positionMemory.asLongBuffer();
    top = topMemory.asLongBuffer();
    logits = logitMemory.asFloatBuffer();
    IValue best = program.argument(program.alias(topMemory, DataType.INT64, slots));
    IValue all =
        program.argument(program.alias(logitMemory, DataType.FLOAT32, slots, shape.vocabulary()));
    IValue no = program.argument(false);
    IValue yes = program.argument(true);
    plain = new IValue[slots][];
    wanting = new IValue[slots][];
    for (int n = 1; n <= slots; n++) {
      IValue ids = program.argument(program.alias(head(tokenMemory, n), DataType.INT64, n));
      IValue at = program.argument(program.alias(head(positionMemory, n), DataType.INT64, n));
      plain[n - 1] = new IValue[] {ids, at, best, all, no};
      wanting[n - 1] = new IValue[] {ids, at, best, all, yes};
    }
  }

  IValue[] arguments(int batch, boolean wantLogits) {
    return (wantLogits ? wanting : plain)[batch - 1];
  }

  /** Overwrites what steps have left here. */
  void forget() {
    for (Buffer each : new Buffer[] {tokens, positions, top, logits}) {
      MemorySegment.ofBuffer(each).fill((byte) 0);
    }
  }

  static ByteBuffer direct(int elements, int bytesEach) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(elements, bytesEach))
        .order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer head(ByteBuffer memory, int longs) {
    return memory.slice(0, longs * Long.BYTES).order(ByteOrder.nativeOrder());
  }
}
