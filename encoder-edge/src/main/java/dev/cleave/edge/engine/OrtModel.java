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
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A graph on ONNX Runtime's CPU provider, with its weights in a file beside it. Thread-safe;
 * concurrent runs share the threads.
 */
final class OrtModel implements AutoCloseable {
  /** The output of every device half. */
  static final String HIDDEN = "hidden_states";

  /** The input of every device half. */
  static final String IDS = "input_ids";

  /** What it is called in messages: "encoder". */
  private final String what;

  private final OrtSession session;

  /** Keeps the session from being freed under a run. */
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();

  private boolean closed;

  private OrtModel(String what, OrtSession session) {
    this.what = what;
    this.session = session;
  }

  /** A check of what was loaded. */
  interface Check {
    /**
     * Says what is wrong.
     *
     * @return nothing when all is right
     */
    @Nullable String complaint(OrtSession session) throws OrtException;
  }

  /**
   * Loads a graph.
   *
   * @param threads threads for one operator, at least 1
   */
  static OrtModel open(String what, Path onnx, int threads, Check check) {
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
      session = OrtEnvironment.getEnvironment().createSession(onnx.toString(), options);
      String complaint = check.complaint(session);
      if (complaint != null) {
        throw unreadable(what, onnx, complaint);
      }
      return new OrtModel(what, session);
    } catch (OrtException e) {
      throw closing(session, unreadable(what, onnx, String.valueOf(e.getMessage())).causedBy(e));
    } catch (CleaveException e) {
      throw closing(session, e);
    }
  }

  /** Whether ids go in and hidden states of the width come out. */
  static @Nullable String boundaryComplaint(OrtSession session, int width) throws OrtException {
    NodeInfo input = session.getInputInfo().get(IDS);
    NodeInfo output = session.getOutputInfo().get(HIDDEN);
    if (input == null || output == null) {
      return "it lacks %s or %s".formatted(IDS, HIDDEN);
    }
    if (output.getInfo() instanceof TensorInfo info) {
      long[] dimensions = info.getShape();
      long found = dimensions.length == 3 ? dimensions[2] : 0;
      if (found != width && found != -1) {
        return "its width is %d, the manifest says %d".formatted(found, width);
      }
    }
    return null;
  }

  /**
   * Runs the graph once.
   *
   * @param inputs by name; borrowed until return
   * @param outputs where they are written; borrowed until return
   * @throws CleaveException when it is closed
   */
  void run(
      Map<String, OnnxTensor> inputs,
      Map<String, OnnxTensor> outputs,
      OrtSession.RunOptions options)
      throws OrtException {
    gate.readLock().lock();
    try {
      if (closed) {
        throw CleaveException.fatal(
            Code.CLOSED, "the %s is closed".formatted(what), "open the client again");
      }
      session.run(inputs, Set.of(), outputs, options).close();
    } finally {
      gate.readLock().unlock();
    }
  }

  /** Waits for what is running. Idempotent. */
  @Override
  public void close() {
    gate.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
      }
    } catch (OrtException e) {
      throw CleaveException.fatal(
              Code.ENGINE, "could not free the %s".formatted(what), "restart the process")
          .causedBy(e);
    } finally {
      gate.writeLock().unlock();
    }
  }

  private static CleaveException unreadable(String what, Path onnx, String why) {
    return CleaveException.fatal(
        Code.BUNDLE,
        "could not load the %s from %s: %s".formatted(what, onnx, why),
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
