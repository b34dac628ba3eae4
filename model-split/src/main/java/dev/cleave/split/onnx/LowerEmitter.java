package dev.cleave.split.onnx;

import static dev.cleave.split.onnx.OnnxGraph.attribute;

import ai.onnx.proto.OnnxMl;
import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.error.CheckpointRefused;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Writes the embedding and lower layers of a decoder-only model as {@code lower.onnx} and {@code
 * lower.data}.
 *
 * <pre>
 * input_ids              int64 [1, seq]      the next positions
 * position_ids           int64 [1, seq]      theirs; only where the embedding has a table
 * past.N.key, .value     f32   [1, kvHeads, capacity, headDim]
 * seqlens_k              int32 [1]           index of the last of them: past + seq - 1
 * total_sequence_length  int32 []            past + seq
 * hidden_states          f32   [1, seq, width]
 * present.N.key, .value  f32   [1, kvHeads, capacity, headDim]
 * </pre>
 *
 * <p>Each {@code present} is to be bound to the memory of its {@code past}, where it is updated in
 * place. A graph without layers has the ids, their positions where needed, and the hidden states.
 * Ids must be checked by the caller against the model's property {@value #VOCABULARY}: not every
 * operator that looks up a row does.
 */
public final class LowerEmitter {
  /** The graph's file name. */
  public static final String GRAPH = "lower.onnx";

  /** The weights' file name; the graph refers to it relatively. */
  public static final String DATA = "lower.data";

  /** The model's property with the number of ids there are. */
  public static final String VOCABULARY = "vocabulary";

  private static final String IDS = "input_ids";
  private static final String POSITIONS = "position_ids";
  private static final String LAST = "seqlens_k";
  private static final String TOTAL = "total_sequence_length";
  private static final String OUTPUT = "hidden_states";
  private static final String EMBEDDING = "embed.weight";

  /** The runtime rotates pairs in groups of as many. */
  private static final int ROPE_PAIRS = 8;

  private final StackSpec stack;
  private final OnnxGraph graph = new OnnxGraph("lower");
  private final StoredWeights weights;
  private final BlockParts parts;

  /** What a block reads, and the sum it adds to; the same where norms stand after. */
  private record Stream(String input, String residual) {}

  private LowerEmitter(StackSpec stack, DevicePrecision precision) {
    this.stack = stack;
    this.weights = new StoredWeights(graph, precision);
    this.parts = new BlockParts(graph, weights);
  }

  /**
   * Writes both files.
   *
   * @param lower what to emit
   * @param tensors its canonical tensors; borrowed
   * @param maxPositions the longest a session may become
   * @param precision of the linears; with less than f32, the embedding has 8 bits
   * @param folder where
   * @param written told of each chunk of weights how many bytes it has in f32
   * @throws CheckpointRefused when the runtime has no operator for what the description says
   */
  public static void write(
      StackSpec lower,
      List<TensorData> tensors,
      int maxPositions,
      DevicePrecision precision,
      Path folder,
      LongConsumer written)
      throws IOException {
    check(lower, maxPositions);
    LowerEmitter emitter = new LowerEmitter(lower, precision);
    try (ExternalData data = ExternalData.create(folder.resolve(DATA), written)) {
      for (TensorData tensor : tensors) {
        emitter.add(data, tensor, written);
      }
      if (lower.layers() > 0 && lower.block().self().positions() instanceof AttentionSpec.Rope r) {
        try (Arena arena = Arena.ofConfined()) {
          RopeTables tables = RopeTables.of(r, maxPositions, arena);
          emitter.graph.initializer(data.addDerived(tables.cos()));
          emitter.graph.initializer(data.addDerived(tables.sin()));
        }
      }
    }
    emitter.body();
    Files.write(folder.resolve(GRAPH), emitter.graph.toBytes());
  }

  private void add(ExternalData data, TensorData tensor, LongConsumer written) throws IOException {
    if (tensor.name().equals(EMBEDDING)) {
      weights.addTable(data, tensor, written);
    } else if (tensor.name().startsWith("layers.") && tensor.shape().size() == 2) {
      weights.addLinear(data, tensor, written);
    } else {
      weights.add(data, tensor);
    }
  }

  private static void check(StackSpec lower, int maxPositions) {
    BlockSpec block = lower.block();
    if (block.cross().isPresent() || block.self().relativeBias().isPresent()) {
      throw new IllegalArgumentException(
          "lower layers must have neither cross attention nor a relative bias");
    }
    if (block.self().positions() instanceof AttentionSpec.Rope rope
        && rope.dimensions() % (2 * ROPE_PAIRS) != 0) {
      throw new CheckpointRefused(
          "rotary dimensions",
          rope.dimensions() + " is not a multiple of " + 2 * ROPE_PAIRS + ", as the device needs");
    }
    lower
        .embedding()
        .table()
        .ifPresent(table -> {
          if (maxPositions > table.count()) {
            throw new IllegalArgumentException(
                "maxPositions must be at most the table's " + table.count() + ": " + maxPositions);
          }
        });
  }

  private void body() {
    declare();
    Stream stream = embedding();
    for (int n = 0; n < stack.layers(); n++) {
      stream = block(n, stream);
    }
    String x = stream.residual();
    if (stack.finalNorm().isPresent()) {
      x = norm(stack.finalNorm().get(), "norm", x);
    }
    graph.output("Unsqueeze", OUTPUT, x, graph.indices(0));
  }

  private void declare() {
    graph.property(VOCABULARY, Integer.toString(stack.embedding().vocabulary()));
    OnnxMl.TensorProto.DataType f32 = OnnxMl.TensorProto.DataType.FLOAT;
    graph.declareInput(IDS, OnnxMl.TensorProto.DataType.INT64, 1, OnnxGraph.SEQ);
    if (stack.embedding().table().isPresent()) {
      graph.declareInput(POSITIONS, OnnxMl.TensorProto.DataType.INT64, 1, OnnxGraph.SEQ);
    }
    graph.declareOutput(OUTPUT, f32, 1, OnnxGraph.SEQ, stack.width());
    if (stack.layers() == 0) {
      return;
    }
    AttentionSpec self = stack.block().self();
    for (int n = 0; n < stack.layers(); n++) {
      for (String part : List.of("key", "value")) {
        String past = "past." + n + "." + part;
        String present = "present." + n + "." + part;
        graph.declareInput(past, f32, 1, self.kvHeads(), OnnxGraph.CAPACITY, self.headDim());
        graph.declareOutput(present, f32, 1, self.kvHeads(), OnnxGraph.CAPACITY, self.headDim());
      }
    }
    graph.declareInput(LAST, OnnxMl.TensorProto.DataType.INT32, 1);
    graph.declareInput(TOTAL, OnnxMl.TensorProto.DataType.INT32);
  }

  /** [1, seq] ids to [seq, width], ready for the first block. */
  private Stream embedding() {
    EmbeddingSpec embedding = stack.embedding();
    String ids = graph.node("Reshape", IDS, graph.indices(-1));
    String x = parts.scaled(weights.rows(EMBEDDING, ids), embedding.scale());
    if (embedding.table().isPresent()) {
      int offset = embedding.table().get().offset();
      String rows = graph.node("Reshape", POSITIONS, graph.indices(-1));
      rows = offset == 0 ? rows : graph.node("Add", rows, graph.index(offset));
      x = graph.node("Add", x, graph.node("Gather", "embed.positions.weight", rows));
    }
    if (embedding.norm().isPresent()) {
      x = norm(embedding.norm().get(), "embed.norm", x);
    }
    boolean normed = stack.layers() > 0 && stack.block().placement() == NormSpec.Placement.PRE;
    return new Stream(normed ? norm(stack.block().norm(), "layers.0.self.norm", x) : x, x);
  }

  /** The norm that follows a residual joins it in one operator, whichever block it belongs to. */
  private Stream block(int n, Stream stream) {
    String prefix = "layers." + n + ".";
    boolean pre = stack.block().placement() == NormSpec.Placement.PRE;
    Stream middle =
        joined(stream, attention(n, stream.input()), prefix + (pre ? "mlp.norm" : "self.norm"));
    String mlp = parts.mlp(stack.block().mlp(), prefix + "mlp", middle.input());
    if (!pre) {
      return joined(middle, mlp, prefix + "mlp.norm");
    }
    if (n + 1 < stack.layers()) {
      return joined(middle, mlp, "layers." + (n + 1) + ".self.norm");
    }
    String sum = graph.node("Add", middle.residual(), mlp);
    return new Stream(sum, sum);
  }

  /** A part's output added to the stream, and the norm of the sum. */
  private Stream joined(Stream stream, String part, String name) {
    NormSpec norm = stack.block().norm();
    List<String> inputs = new ArrayList<>(List.of(stream.residual(), part, name + ".weight"));
    if (norm.hasBias()) {
      inputs.add(name + ".bias");
    }
    String normed = graph.name("normed");
    String sum = graph.name("sum");
    boolean pre = stack.block().placement() == NormSpec.Placement.PRE;
    graph.runtimeNode(
        switch (norm.kind()) {
          case LAYER -> "SkipLayerNormalization";
          case RMS -> "SkipSimplifiedLayerNormalization";
        },
        List.of(attribute("epsilon", (float) norm.epsilon())),
        inputs,
        pre ? List.of(normed, "", "", sum) : List.of(normed));
    return new Stream(normed, pre ? sum : normed);
  }

  /** [seq, width] to [seq, width]; the layer's KV grows by seq. */
  private String attention(int n, String x) {
    AttentionSpec self = stack.block().self();
    String prefix = "layers." + n + ".self";
    String q = weights.linear(prefix + ".q", x, self.bias().query());
    String k = weights.linear(prefix + ".k", x, self.bias().key());
    String v = weights.linear(prefix + ".v", x, self.bias().value());
    if (self.queryKeyNorm().isPresent()) {
      q = headNorm(self.queryKeyNorm().get(), prefix + ".q_norm", q);
      k = headNorm(self.queryKeyNorm().get(), prefix + ".k_norm", k);
    }
    boolean rotary = self.positions() instanceof AttentionSpec.Rope;
    List<String> inputs = new ArrayList<>();
    inputs.add(graph.node("Reshape", q, graph.indices(1, -1, self.queryWidth())));
    inputs.add(graph.node("Reshape", k, graph.indices(1, -1, self.keyValueWidth())));
    inputs.add(graph.node("Reshape", v, graph.indices(1, -1, self.keyValueWidth())));
    inputs.addAll(List.of("past." + n + ".key", "past." + n + ".value", LAST, TOTAL));
    if (rotary) {
      inputs.addAll(List.of("rope.cos", "rope.sin"));
    }
    String mixed = graph.name("GroupQueryAttention");
    graph.runtimeNode(
        "GroupQueryAttention",
        List.of(
            attribute("num_heads", self.heads()),
            attribute("kv_num_heads", self.kvHeads()),
            attribute("scale", (float) self.scale()),
            attribute("do_rotary", rotary ? 1 : 0),
            attribute("rotary_interleaved", 0)),
        inputs,
        List.of(mixed, "present." + n + ".key", "present." + n + ".value"));
    String joined = graph.node("Reshape", mixed, graph.indices(-1, self.queryWidth()));
    return weights.linear(prefix + ".o", joined, self.bias().out());
  }

  /** [seq, heads * headDim], each head normed by itself; the result has one row per head. */
  private String headNorm(NormSpec norm, String name, String x) {
    return norm(
        norm, name, graph.node("Reshape", x, graph.indices(-1, stack.block().self().headDim())));
  }

  private String norm(NormSpec norm, String name, String x) {
    return switch (norm.kind()) {
      case LAYER -> parts.layerNorm(norm, name, x);
      case RMS ->
          graph.node(
              "SimplifiedLayerNormalization",
              List.of(attribute("axis", -1), attribute("epsilon", (float) norm.epsilon())),
              x,
              name + ".weight");
    };
  }
}
