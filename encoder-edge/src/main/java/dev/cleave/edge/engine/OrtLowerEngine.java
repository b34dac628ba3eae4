package dev.cleave.edge.engine;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Embedding and lower layers on ONNX Runtime's CPU provider. All sessions share one graph and its
 * threads; each has KV memory of its own, which the runtime updates in place. Thread-safe.
 */
public final class OrtLowerEngine implements LowerEngine {
  /** The first layer's keys; their shape is that of all keys and values. */
  private static final String FIRST_KEY = "past.0.key";

  private static final String VOCABULARY = "vocabulary";

  private final OrtModel model;
  private final LowerShape shape;
  private final KvShape kv;

  /**
   * What the graph asks of a session.
   *
   * @param layers layers with keys and values
   * @param heads heads of each
   * @param headDim elements per head
   * @param positionIds whether positions are an input
   * @param vocabulary ids are below it
   */
  record KvShape(int layers, int heads, int headDim, boolean positionIds, int vocabulary) {
    static final KvShape NONE = new KvShape(0, 0, 0, false, 0);

    /** Bytes of all keys and values with room for as many positions. */
    long bytes(int positions) {
      return 2L * layers * tensorBytes(positions);
    }

    /** Bytes of one layer's keys or values. */
    long tensorBytes(int positions) {
      return Math.multiplyExact((long) heads * headDim * Float.BYTES, positions);
    }
  }

  private OrtLowerEngine(OrtModel model, LowerShape shape, KvShape kv) {
    this.model = model;
    this.shape = shape;
    this.kv = kv;
  }

  /** The threads to use where nobody asks for a number. */
  public static int defaultThreads() {
    return OrtEncoder.defaultThreads();
  }

  /**
   * Loads {@code lower.onnx}, whose weights lie in a file beside it.
   *
   * @param shape what the bundle says of the device half; the file must agree
   * @param threads threads for one operator, at least 1
   */
  public static OrtLowerEngine open(Path onnx, LowerShape shape, int threads) {
    KvReader reader = new KvReader(shape);
    OrtModel model = OrtModel.open("lower layers", onnx, threads, reader);
    return new OrtLowerEngine(model, shape, reader.found);
  }

  /** Checks a graph, and keeps what it asks of a session. */
  private static final class KvReader implements OrtModel.Check {
    private final LowerShape shape;
    private KvShape found = KvShape.NONE;

    KvReader(LowerShape shape) {
      this.shape = shape;
    }

    @Override
    public @Nullable String complaint(OrtSession session) throws OrtException {
      String complaint = OrtModel.boundaryComplaint(session, shape.width());
      if (complaint != null) {
        return complaint;
      }
      found = kvShape(session);
      if (found.vocabulary() < 1) {
        return "it does not say its " + VOCABULARY;
      }
      return found.layers() == shape.layers()
          ? null
          : "it has %d layers, the manifest says %d".formatted(found.layers(), shape.layers());
    }
  }

  private static KvShape kvShape(OrtSession session) throws OrtException {
    boolean positionIds = session.getInputNames().contains(OrtLowerSession.POSITIONS);
    int layers = 0;
    while (session.getInputNames().contains("past." + layers + ".key")) {
      layers++;
    }
    long[] dimensions = dimensions(session.getInputInfo().get(FIRST_KEY));
    boolean known = dimensions.length == 4;
    return new KvShape(
        layers,
        known ? Math.toIntExact(dimensions[1]) : 0,
        known ? Math.toIntExact(dimensions[3]) : 0,
        positionIds,
        vocabulary(session));
  }

  /** 0 where the file says none that makes sense. */
  private static int vocabulary(OrtSession session) throws OrtException {
    String value = session.getMetadata().getCustomMetadata().getOrDefault(VOCABULARY, "");
    return value.matches("[1-9][0-9]{0,8}") ? Integer.parseInt(value) : 0;
  }

  private static long[] dimensions(@Nullable NodeInfo node) {
    return node != null && node.getInfo() instanceof TensorInfo info
        ? info.getShape()
        : new long[0];
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
  public LowerSession open(int positions) {
    if (positions < 1 || positions > shape.maxPositions()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "a session of %d positions was asked for and this bundle takes 1 to %d"
              .formatted(positions, shape.maxPositions()),
          "shorten the text or the answer, or split the model with a larger limit");
    }
    return OrtLowerSession.open(model, shape, kv, positions);
  }

  @Override
  public void close() {
    model.close();
  }
}
