package dev.cleave.edge.engine;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Map;

/**
 * The encoder on ONNX Runtime's CPU provider. Input and output are the caller's direct buffers,
 * which the runtime reads and writes without a copy. Thread-safe; concurrent calls share the
 * session's threads.
 */
public final class OrtEncoder implements EncoderEngine {
  private final OrtModel model;
  private final EncoderShape shape;

  private OrtEncoder(OrtModel model, EncoderShape shape) {
    this.model = model;
    this.shape = shape;
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
    return new OrtEncoder(
        OrtModel.open("encoder", onnx, threads, s -> OrtModel.boundaryComplaint(s, shape.width())),
        shape);
  }

  @Override
  public String name() {
    return EngineChoice.ORT.text();
  }

  @Override
  public int width() {
    return shape.width();
  }

  @Override
  public int maxPositions() {
    return shape.maxPositions();
  }

  @Override
  public void encode(LongBuffer ids, FloatBuffer hidden) {
    int positions = ids.remaining();
    requireAtMost(positions);
    requireDirect(ids.isDirect() && hidden.isDirect());
    int elements = shape.elements(ids, hidden);
    try {
      run(ids.slice(), hidden.slice(hidden.position(), elements));
    } catch (OrtException e) {
      throw CleaveException.fatal(
              Code.ENGINE,
              "could not encode an input of %d positions: %s".formatted(positions, e.getCode()),
              "free some memory or shorten the input, then try again")
          .causedBy(e);
    }
  }

  private void run(LongBuffer ids, FloatBuffer hidden) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    int positions = ids.remaining();
    try (OrtSession.RunOptions run = new OrtSession.RunOptions();
        OnnxTensor input = OnnxTensor.createTensor(environment, ids, new long[] {1, positions});
        OnnxTensor output =
            OnnxTensor.createTensor(environment, hidden, new long[] {1, positions, width()})) {
      // What fails is thrown; the log would hold token ids.
      run.setLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      // One long input must not keep its working memory for the life of the process.
      run.addRunConfigEntry("memory.enable_memory_arena_shrinkage", "cpu:0");
      model.run(Map.of(OrtModel.IDS, input), Map.of(OrtModel.HIDDEN, output), run);
    }
  }

  @Override
  public void close() {
    model.close();
  }

  private void requireAtMost(int positions) {
    if (positions > maxPositions()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the input has %d positions and this bundle takes at most %d"
              .formatted(positions, maxPositions()),
          "shorten the text, or split the model with a larger limit");
    }
  }

  private static void requireDirect(boolean direct) {
    if (!direct) {
      throw new IllegalArgumentException("ids and hidden must be direct buffers");
    }
  }
}
