package dev.cleave.edge.engine;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The encoder on ONNX Runtime's CPU provider. Input and output are the caller's direct buffers,
 * which the runtime reads and writes without a copy. Thread-safe; concurrent calls share the
 * session's threads.
 */
public final class OrtEncoder implements EncoderEngine {
  private static final String INPUT = "input_ids";
  private static final String OUTPUT = "hidden_states";

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final int width;
  private final int maxPositions;

  /** Keeps the session from being freed under a run. */
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();

  private boolean closed;

  private OrtEncoder(OrtEnvironment environment, OrtSession session, int width, int maxPositions) {
    this.environment = environment;
    this.session = session;
    this.width = width;
    this.maxPositions = maxPositions;
  }

  /** The threads to use where nobody asks for a number: more than four seldom help one encoder. */
  public static int defaultThreads() {
    return Math.min(4, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Loads {@code encoder.onnx}, whose weights lie in a file beside it.
   *
   * @param shape what the bundle says of the boundary tensor; the file must agree
   * @param threads threads for one operator, at least 1
   */
  public static OrtEncoder open(Path onnx, EncoderShape shape, int threads) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    OrtSession session = null;
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      // Spinning threads save microseconds per operator and cost a core: a bad trade on a device.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      options.addConfigEntry("session.inter_op.allow_spinning", "0");
      // Lengths differ from call to call, so a memory plan of one call is of no use to the next.
      options.setMemoryPatternOptimization(false);
      options.setCPUArenaAllocator(true);
      session = environment.createSession(onnx.toString(), options);
      requireShape(onnx, session, shape);
      return new OrtEncoder(environment, session, shape.width(), shape.maxPositions());
    } catch (OrtException e) {
      throw closing(session, unreadable(onnx, String.valueOf(e.getMessage())).causedBy(e));
    } catch (CleaveException e) {
      throw closing(session, e);
    }
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int maxPositions() {
    return maxPositions;
  }

  @Override
  public void encode(LongBuffer ids, FloatBuffer hidden) {
    int positions = ids.remaining();
    requirePositions(positions);
    requireDirect(ids.isDirect() && hidden.isDirect());
    int elements = Math.multiplyExact(positions, width);
    if (hidden.remaining() < elements) {
      throw new IllegalArgumentException(
          "hidden must have room for %d x %d = %d elements, has %d"
              .formatted(positions, width, elements, hidden.remaining()));
    }
    gate.readLock().lock();
    try {
      requireOpen();
      run(ids.slice(), hidden.slice(hidden.position(), elements));
    } catch (OrtException e) {
      throw CleaveException.fatal(
              Code.ENGINE,
              "could not encode an input of %d positions: %s".formatted(positions, e.getCode()),
              "free some memory or shorten the input, then try again")
          .causedBy(e);
    } finally {
      gate.readLock().unlock();
    }
  }

  private void run(LongBuffer ids, FloatBuffer hidden) throws OrtException {
    int positions = ids.remaining();
    try (OrtSession.RunOptions run = new OrtSession.RunOptions();
        OnnxTensor input = OnnxTensor.createTensor(environment, ids, new long[] {1, positions});
        OnnxTensor output =
            OnnxTensor.createTensor(environment, hidden, new long[] {1, positions, width})) {
      run.setLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      // One long input must not keep its working memory for the life of the process.
      run.addRunConfigEntry("memory.enable_memory_arena_shrinkage", "cpu:0");
      session.run(Map.of(INPUT, input), Set.of(), Map.of(OUTPUT, output), run).close();
    }
  }

  @Override
  public void close() {
    gate.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
      }
    } catch (OrtException e) {
      throw CleaveException.fatal(Code.ENGINE, "could not free the encoder", "restart the process")
          .causedBy(e);
    } finally {
      gate.writeLock().unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw CleaveException.fatal(Code.CLOSED, "the encoder is closed", "open the client again");
    }
  }

  private void requirePositions(int positions) {
    if (positions == 0) {
      throw CleaveException.fatal(
          Code.INPUT, "there is nothing to encode: 0 positions", "give some text");
    }
    if (positions > maxPositions) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the input has %d positions and this bundle takes at most %d"
              .formatted(positions, maxPositions),
          "shorten the text, or split the model with a larger limit");
    }
  }

  private static void requireDirect(boolean direct) {
    if (!direct) {
      throw new IllegalArgumentException("ids and hidden must be direct buffers");
    }
  }

  private static void requireShape(Path onnx, OrtSession session, EncoderShape shape)
      throws OrtException {
    NodeInfo input = session.getInputInfo().get(INPUT);
    NodeInfo output = session.getOutputInfo().get(OUTPUT);
    if (input == null || output == null) {
      throw unreadable(onnx, "it lacks %s or %s".formatted(INPUT, OUTPUT));
    }
    if (output.getInfo() instanceof TensorInfo info) {
      long[] dimensions = info.getShape();
      long found = dimensions.length == 3 ? dimensions[2] : 0;
      if (found != shape.width() && found != -1) {
        throw unreadable(
            onnx, "its width is %d, the manifest says %d".formatted(found, shape.width()));
      }
    }
  }

  private static CleaveException unreadable(Path onnx, String why) {
    return CleaveException.fatal(
        Code.BUNDLE,
        "could not load the encoder from %s: %s".formatted(onnx, why),
        "split the model again to get a whole bundle");
  }

  private static CleaveException closing(@Nullable OrtSession session, CleaveException failure) {
    if (session != null) {
      try {
        session.close();
      } catch (OrtException e) {
        failure.addSuppressed(e);
      }
    }
    return failure;
  }
}
