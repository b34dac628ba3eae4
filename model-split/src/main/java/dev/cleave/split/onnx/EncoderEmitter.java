package dev.cleave.split.onnx;

import static dev.cleave.split.onnx.OnnxGraph.attribute;

import ai.onnx.proto.OnnxMl;
import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.ResidualBlock;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.CheckpointRefused;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Writes an encoder stack as {@code encoder.onnx} and {@code encoder.data}.
 *
 * <p>Input {@code input_ids} int64 {@code [1, seq]}, no padding; output {@code hidden_states} f32
 * {@code [1, seq, width]}. Inside, rows are {@code [seq, width]}, so that every linear is one Gemm
 * on the checkpoint's own {@code [out, in]} layout.
 */
public final class EncoderEmitter {
  /** The graph's file name. */
  public static final String GRAPH = "encoder.onnx";

  /** The weights' file name; the graph refers to it relatively. */
  public static final String DATA = "encoder.data";

  /** The graph's input. */
  public static final String INPUT = "input_ids";

  /** The graph's output. */
  public static final String OUTPUT = "hidden_states";

  private static final String RELATIVE_BIAS = AttentionBias.NAME;

  private final StackSpec stack;
  private final int maxPositions;
  private final OnnxGraph graph = new OnnxGraph("encoder");
  private final StoredWeights weights = new StoredWeights(graph, DevicePrecision.F32);
  private final BlockParts parts = new BlockParts(graph, weights);

  private EncoderEmitter(StackSpec stack, int maxPositions) {
    this.stack = stack;
    this.maxPositions = maxPositions;
  }

  /**
   * Writes both files.
   *
   * @param stack what to emit
   * @param tensors its canonical tensors; borrowed
   * @param maxPositions longest input that will run; a longer one fails in the runtime
   * @param folder where
   * @param written told the bytes of each chunk of weights
   */
  public static void write(
      StackSpec stack,
      List<TensorData> tensors,
      int maxPositions,
      Path folder,
      LongConsumer written)
      throws IOException {
    check(stack);
    EncoderEmitter emitter = new EncoderEmitter(stack, maxPositions);
    try (ExternalData data = ExternalData.create(folder.resolve(DATA), written)) {
      for (TensorData tensor : tensors) {
        emitter.initializer(data, tensor);
      }
    }
    emitter.body();
    Files.write(folder.resolve(GRAPH), emitter.graph.toBytes());
  }

  /**
   * Refuses what the ONNX emitters of encoders cannot say.
   *
   * @throws CheckpointRefused naming it
   */
  public static void check(StackSpec stack) {
    AttentionSpec self = stack.block().self();
    if (self.heads() != self.kvHeads()
        || self.positions() instanceof AttentionSpec.Rope
        || self.queryKeyNorm().isPresent()) {
      throw new CheckpointRefused(
          "encoder", "grouped heads, rope and query norms are not emitted as ONNX yet");
    }
  }

  private void initializer(ExternalData data, TensorData tensor) throws IOException {
    if (tensor.name().equals(RELATIVE_BIAS)) {
      AttentionSpec.RelativeBias bias = stack.block().self().relativeBias().orElseThrow();
      try (Arena arena = Arena.ofConfined()) {
        weights.add(data, byDistance(tensor, bias, arena));
      }
    } else {
      weights.add(data, tensor);
    }
  }

  /** The bias table spread from buckets to signed distances: [heads, 2 * maxPositions - 1]. */
  private TensorData byDistance(TensorData tensor, AttentionSpec.RelativeBias bias, Arena arena) {
    int heads = stack.block().self().heads();
    float[] buckets = new float[Math.multiplyExact(bias.buckets(), heads)];
    Weights.readF32(tensor.bytes(), tensor.dtype(), 0, MemorySegment.ofArray(buckets));
    long distances = 2L * maxPositions - 1;
    MemorySegment table = arena.allocate(heads * distances * Float.BYTES, Float.BYTES);
    for (int i = 0; i < distances; i++) {
      int bucket = bias.bucket(i - (maxPositions - 1));
      for (int head = 0; head < heads; head++) {
        table.setAtIndex(
            ValueLayout.JAVA_FLOAT, head * distances + i, buckets[bucket * heads + head]);
      }
    }
    return new TensorData(tensor.name(), DType.F32, List.of((long) heads, distances), table);
  }

  private void body() {
    graph.declareInput(INPUT, OnnxMl.TensorProto.DataType.INT64, 1, OnnxGraph.SEQ);
    graph.declareOutput(OUTPUT, OnnxMl.TensorProto.DataType.FLOAT, 1, OnnxGraph.SEQ, stack.width());
    String ids = graph.node("Reshape", INPUT, graph.indices(-1));
    String length = graph.node("Shape", ids);
    String x = embedding(ids, length);
    AttentionSpec self = stack.block().self();
    String bias = self.relativeBias().isPresent() ? relativeBias(length) : "";
    ResidualBlock block =
        new ResidualBlock(
            this::norm,
            (name, value) -> attention(name, value, bias),
            parts::mlp,
            (value, more) -> graph.node("Add", value, more));
    for (int n = 0; n < stack.layers(); n++) {
      x = block.emit(stack.block(), "layers." + n + ".", x);
    }
    if (stack.finalNorm().isPresent()) {
      x = norm(stack.finalNorm().get(), "norm", x);
    }
    graph.output("Unsqueeze", OUTPUT, x, graph.indices(0));
  }

  /** [seq] ids to [seq, width]. */
  private String embedding(String ids, String length) {
    EmbeddingSpec embedding = stack.embedding();
    String x = weights.rows("embed.weight", ids);
    x = parts.scaled(x, embedding.scale());
    if (embedding.table().isPresent()) {
      int offset = embedding.table().get().offset();
      String from = graph.indices(offset);
      String to = graph.node("Add", length, from);
      String rows = graph.node("Slice", "embed.positions.weight", from, to, graph.indices(0));
      x = graph.node("Add", x, rows);
    }
    return embedding.norm().isPresent() ? norm(embedding.norm().get(), "embed.norm", x) : x;
  }

  /** [heads, seq, seq]: the bias of key j for query i is that of distance j - i. */
  private String relativeBias(String length) {
    String count = graph.node("Squeeze", length);
    String range = graph.node("Range", graph.index(0), count, graph.index(1));
    String key = graph.node("Unsqueeze", range, graph.indices(0));
    String query = graph.node("Unsqueeze", range, graph.indices(1));
    String distance = graph.node("Sub", key, query);
    String index = graph.node("Add", distance, graph.index(maxPositions - 1L));
    return graph.node("Gather", List.of(attribute("axis", 1)), RELATIVE_BIAS, index);
  }

  private String attention(String prefix, String x, String bias) {
    AttentionSpec self = stack.block().self();
    String q = parts.scaled(weights.linear(prefix + ".q", x, self.bias().query()), self.scale());
    String k = weights.linear(prefix + ".k", x, self.bias().key());
    String v = weights.linear(prefix + ".v", x, self.bias().value());
    String scores = graph.node("MatMul", heads(q, 1, 0, 2), heads(k, 1, 2, 0));
    if (!bias.isEmpty()) {
      scores = graph.node("Add", scores, bias);
    }
    String shares = graph.node("Softmax", List.of(attribute("axis", -1)), scores);
    String mixed = graph.node("MatMul", shares, heads(v, 1, 0, 2));
    String rows = graph.node("Transpose", List.of(attribute("perm", List.of(1L, 0L, 2L))), mixed);
    String joined = graph.node("Reshape", rows, graph.indices(-1, self.queryWidth()));
    return weights.linear(prefix + ".o", joined, self.bias().out());
  }

  /** [seq, heads * headDim] to [seq, heads, headDim], permuted. */
  private String heads(String x, long... permutation) {
    AttentionSpec self = stack.block().self();
    String split = graph.node("Reshape", x, graph.indices(-1, self.heads(), self.headDim()));
    return graph.node(
        "Transpose",
        List.of(attribute("perm", List.of(permutation[0], permutation[1], permutation[2]))),
        split);
  }

  private String norm(NormSpec norm, String name, String x) {
    return switch (norm.kind()) {
      case LAYER -> parts.layerNorm(norm, name, x);
      case RMS -> {
        // In this order the runtime fuses the six nodes into one.
        String square = graph.node("Pow", x, graph.constant(2));
        String mean =
            graph.node("ReduceMean", List.of(attribute("keepdims", 1)), square, graph.indices(-1));
        String sum = graph.node("Add", mean, graph.constant((float) norm.epsilon()));
        String root = graph.node("Sqrt", sum);
        yield graph.node("Mul", graph.node("Div", x, root), name + ".weight");
      }
    };
  }
}
