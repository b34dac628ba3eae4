package dev.cleave.split.hailo;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.cleave.split.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;

/** Device halves with graphs for an accelerator, and ONNX Runtime to run these. */
public final class Hailo {
  /** The reference model. */
  public static final Path REFERENCE =
      Path.of("../models/reference-notes").toAbsolutePath().normalize();

  private Hailo() {}

  public static Bundle split(Path model, Path out, HailoBuckets buckets) {
    SplitCompiler.split(
        model, out, SplitOptions.defaults().withHailo(buckets), ProgressListener.NONE);
    return Bundle.open(out, Half.DEVICE);
  }

  public static Bundle fixture(String name, Path out, HailoBuckets buckets) {
    return split(Fixtures.folder(name), out, buckets);
  }

  public static long[] ids(long seed, int positions, int vocabulary) {
    return new Random(seed).longs(positions, 0, vocabulary).toArray();
  }

  /** What the whole encoder says. */
  public static float[] whole(Path graph, long[] ids) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OnnxTensor input =
        OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), new long[] {1, ids.length})) {
      return run(graph, Map.of("input_ids", input));
    }
  }

  /** What the graph of one length says of as many rows as there are, padded and masked. */
  public static float[] bucket(Path graph, FloatBuffer rows, int width, int positions)
      throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    int real = rows.remaining() / width;
    FloatBuffer padded = FloatBuffer.allocate(positions * width).put(rows.duplicate()).rewind();
    FloatBuffer mask = FloatBuffer.allocate(positions);
    for (int p = real; p < positions; p++) {
      mask.put(p, HailoHalf.MASKED);
    }
    try (OnnxTensor embeddings =
            OnnxTensor.createTensor(environment, padded, new long[] {1, positions, width});
        OnnxTensor masked =
            OnnxTensor.createTensor(environment, mask, new long[] {1, 1, positions})) {
      return run(graph, Map.of("embeddings", embeddings, "mask", masked));
    }
  }

  public static FloatBuffer gather(Bundle bundle, long[] ids) {
    try (EmbeddingTable table = EmbeddingTable.open(bundle.file(HailoHalf.EMBEDDING))) {
      FloatBuffer rows = FloatBuffer.allocate(ids.length * table.width());
      table.gather(LongBuffer.wrap(ids), rows);
      return rows;
    }
  }

  /** Over the first {@code wanted.length} elements. */
  public static double relativeError(float[] wanted, float[] actual) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < wanted.length; i++) {
      error += (wanted[i] - actual[i]) * (double) (wanted[i] - actual[i]);
      norm += wanted[i] * (double) wanted[i];
    }
    return Math.sqrt(error / norm);
  }

  private static float[] run(Path graph, Map<String, OnnxTensor> inputs) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session =
              OrtEnvironment.getEnvironment().createSession(graph.toString(), options);
          OrtSession.Result result = session.run(inputs)) {
        FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        return copy;
      }
    }
  }
}
