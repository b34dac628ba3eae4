package dev.cleave.server.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.IValue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The arguments of every batch size, made once: they alias the same memory. */
final class StepArguments implements AutoCloseable {
  private final List<IValue> owned = new ArrayList<>();
  private final IValue[][] plain;
  private final IValue[][] wanting;

  StepArguments(
      TorchProgram program,
      DecoderShape shape,
      ByteBuffer tokens,
      ByteBuffer positions,
      ByteBuffer top,
      ByteBuffer logits) {
    IValue best = own(IValue.from(program.alias(top, DataType.INT64, shape.slots())));
    IValue all =
        own(
            IValue.from(
                program.alias(logits, DataType.FLOAT32, shape.slots(), shape.vocabulary())));
    IValue no = own(IValue.from(false));
    IValue yes = own(IValue.from(true));
    plain = new IValue[shape.slots()][];
    wanting = new IValue[shape.slots()][];
    for (int n = 1; n <= shape.slots(); n++) {
      IValue ids = own(IValue.from(program.alias(head(tokens, n), DataType.INT64, n)));
      IValue at = own(IValue.from(program.alias(head(positions, n), DataType.INT64, n)));
      plain[n - 1] = new IValue[] {ids, at, best, all, no};
      wanting[n - 1] = new IValue[] {ids, at, best, all, yes};
    }
  }

  private static ByteBuffer head(ByteBuffer memory, int longs) {
    return memory.slice(0, longs * Long.BYTES).order(ByteOrder.nativeOrder());
  }

  IValue[] of(int batch, boolean wantLogits) {
    return (wantLogits ? wanting : plain)[batch - 1];
  }

  private IValue own(IValue value) {
    owned.add(value);
    return value;
  }

  @Override
  public void close() {
    owned.forEach(IValue::close);
    owned.clear();
  }
}
