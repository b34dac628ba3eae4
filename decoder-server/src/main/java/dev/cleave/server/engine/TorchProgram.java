package dev.cleave.server.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A TorchScript program loaded into libtorch, and the tensors that alias memory of the JVM.
 *
 * <p>Confined to one thread at a time. Closing frees the program with all that it allocated, and
 * every tensor made here; the memory that those aliased is the caller's.
 */
public final class TorchProgram implements AutoCloseable {
  private final PtNDManager manager;
  private final PtSymbolBlock block;
  private final int threads;
  private final List<IValue> kept = new ArrayList<>();
  private long configuredThread = -1;

  private TorchProgram(PtNDManager manager, PtSymbolBlock block, int threads) {
    this.manager = manager;
    this.block = block;
    this.threads = threads;
  }

  /** Loads the archive of a program without tensors. */
  public static TorchProgram load(byte[] archive, int threads) {
    PtNDManager manager = (PtNDManager) TorchDevice.engine().newBaseManager(Device.cpu());
    try {
      PtSymbolBlock block =
          JniUtils.loadModule(manager, new ByteArrayInputStream(archive), false, false);
      return new TorchProgram(manager, block, threads);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw new EngineException(
          "load the program", "libtorch", "report this with the bundle's description", e);
    }
  }

  /** A tensor over direct memory, which must outlive it; the program's close frees the tensor. */
  public PtNDArray alias(ByteBuffer memory, DataType type, long... shape) {
    return JniUtils.createNdFromByteBuffer(
        manager, memory, new Shape(shape), type, SparseFormat.DENSE, Device.cpu());
  }

  /** The tensor as an argument for as many calls as wanted; the program's close frees it. */
  public IValue argument(PtNDArray tensor) {
    return keep(IValue.from(tensor));
  }

  /** As {@link #argument(PtNDArray)}. */
  public IValue argument(boolean value) {
    return keep(IValue.from(value));
  }

  private IValue keep(IValue value) {
    kept.add(value);
    return value;
  }

  /** Runs a method for its effects. */
  public void call(String method, IValue... arguments) {
    configure();
    IValueUtils.runMethod(block, method, arguments).close();
  }

  /**
   * Runs {@code forward} for its effects, outside of inference mode: gradients can be taken in it.
   */
  public void callWithGradients(PtNDArray... arguments) {
    configure();
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(true);
    try {
      IValueUtils.forward(block, new NDList(arguments), true).close();
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  /** Where libtorch failed; what it says may print values, and causes end up in logs. */
  public static RuntimeException withoutMessage(RuntimeException failure) {
    RuntimeException quiet = new RuntimeException(failure.getClass().getName());
    quiet.setStackTrace(failure.getStackTrace());
    return quiet;
  }

  /** libtorch keeps both settings per thread; an engine may be opened on one and run on another. */
  private void configure() {
    long current = Thread.currentThread().threadId();
    if (current != configuredThread) {
      JniUtils.setGraphExecutorOptimize(false);
      JniUtils.setNumThreads(threads);
      configuredThread = current;
    }
  }

  @Override
  public void close() {
    kept.forEach(IValue::close);
    kept.clear();
    block.close();
    manager.close();
  }
}
