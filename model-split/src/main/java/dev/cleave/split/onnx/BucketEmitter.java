package dev.cleave.split.onnx;

import static dev.cleave.split.onnx.OnnxGraph.attribute;

import ai.onnx.proto.OnnxMl;
import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.ResidualBlock;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.TensorInfo;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/**
 * Writes an encoder stack without its embedding, for one length, as a graph for compilers of
 * accelerators: all shapes static, none but old and simple operators, every linear a MatMul.
 *
 * <p>Inputs {@code embeddings} f32 {@code [1, positions, width]} and {@code mask} f32 {@code [1, 1,
 * positions]}, which is added to the attention's scores: 0 for a token, a large negative number for
 * padding. Output {@code hidden_states} f32 {@code [1, positions, width]}. Weights lie in a file
 * beside it, linears as {@code NAME.kernel [in, out]}.
 */
public final class BucketEmitter {
  /** The graph's first input. */
  public static final String EMBEDDINGS = "embeddings";

  /** The graph's second input. */
  public static final String MASK = "mask";

  /** The graph's output. */
  public static final String OUTPUT = "hidden_states";

  /** The operators that such graphs are made of. */
  public static final List<String> OPERATORS =
      List.of(
          "Add",
          "Div",
          "Erf",
          "MatMul",
          "Mul",
          "Pow",
          "ReduceMean",
          "Relu",
          "Reshape",
          "Sigmoid",
          "Softmax",
          "Sqrt",
          "Sub",
          "Tanh",
          "Transpose");

  /** Those compilers read it; later ones know ReduceMean in another form. */
  private static final int OPSET = 17;

  /**
   * The weights beside the graph.
   *
   * @param location the file's name
   * @param sha256 of the file, hex; the graph carries it, so that its own hash covers the weights
   * @param tensors all there are, by name; f32, little endian
   */
  public record WeightFile(String location, String sha256, Map<String, TensorInfo> tensors) {
    public WeightFile {
      tensors = Map.copyOf(tensors);
    }
  }

  private final StackSpec stack;
  private final int positions;
  private final WeightFile file;
  private final OnnxGraph graph;

  private BucketEmitter(StackSpec stack, int positions, WeightFile file) {
    this.stack = stack;
    this.positions = positions;
    this.file = file;
    this.graph = new OnnxGraph("encoder_" + positions, OPSET);
  }

  /**
   * The graph of one length.
   *
   * @param bias {@code [heads, positions, positions]} to be added to the scores; empty where there
   *     is none
   */
  public static byte[] emit(StackSpec stack, int positions, WeightFile file, FloatBuffer bias) {
    BucketEmitter emitter = new BucketEmitter(stack, positions, file);
    emitter.body(bias);
    return emitter.graph.toBytes();
  }

  private void body(FloatBuffer bias) {
    OnnxMl.TensorProto.DataType f32 = OnnxMl.TensorProto.DataType.FLOAT;
    graph.property("weights_sha256", file.sha256());
    file.tensors().keySet().stream().sorted().forEach(this::initializer);
    graph.declareInput(EMBEDDINGS, f32, 1, positions, stack.width());
    graph.declareInput(MASK, f32, 1, 1, positions);
    graph.declareOutput(OUTPUT, f32, 1, positions, stack.width());
    String relative =
        bias.hasRemaining()
            ? graph.floats(bias, 1, stack.block().self().heads(), positions, positions)
            : "";
    String x = EMBEDDINGS;
    ResidualBlock block =
        new ResidualBlock(
            this::norm,
            (name, value) -> attention(name, value, relative),
            this::mlp,
            (value, more) -> graph.node("Add", value, more));
    for (int n = 0; n < stack.layers(); n++) {
      x = block.emit(stack.block(), "layers." + n + ".", x);
    }
    if (stack.finalNorm().isPresent()) {
      norm(stack.finalNorm().get(), "norm", x);
    }
    graph.outputLast(OUTPUT);
  }

  private void initializer(String name) {
    TensorInfo info = file.tensors().get(name);
    if (info == null || name.equals(AttentionBias.NAME)) {
      return; // folded: the graph has it by distance
    }
    graph.initializer(
        ExternalData.entry(
            new ExternalData.Place(file.location(), info.offset(), info.bytes()),
            name,
            OnnxMl.TensorProto.DataType.FLOAT,
            info.shape()));
  }

  private String attention(String prefix, String x, String bias) {
    AttentionSpec self = stack.block().self();
    String q = linear(prefix + ".q", x, self.bias().query());
    q = self.scale() == 1 ? q : graph.node("Mul", q, graph.constant((float) self.scale()));
    String k = linear(prefix + ".k", x, self.bias().key());
    String v = linear(prefix + ".v", x, self.bias().value());
    String scores = graph.node("MatMul", heads(q, 2, 1, 3), heads(k, 2, 3, 1));
    scores = bias.isEmpty() ? scores : graph.node("Add", scores, bias);
    scores = graph.node("Add", scores, MASK);
    String shares = graph.node("Softmax", List.of(attribute("axis", -1)), scores);
    String mixed = graph.node("MatMul", shares, heads(v, 2, 1, 3));
    String joined =
        graph.node(
            "Reshape",
            transpose(mixed, 0, 2, 1, 3),
            graph.indices(1, positions, self.queryWidth()));
    return linear(prefix + ".o", joined, self.bias().out());
  }

  /** [1, positions, heads * headDim] to four axes, of which the last three are permuted. */
  private String heads(String x, long second, long third, long fourth) {
    AttentionSpec self = stack.block().self();
    String split =
        graph.node("Reshape", x, graph.indices(1, positions, self.heads(), self.headDim()));
    return transpose(split, 0, second, third, fourth);
  }

  private String transpose(String x, long... axes) {
    List<Long> perm = List.of(axes[0], axes[1], axes[2], axes[3]);
    return graph.node("Transpose", List.of(attribute("perm", perm)), x);
  }

  private String linear(String name, String x, boolean bias) {
    String product = graph.node("MatMul", x, name + ".kernel");
    return bias ? graph.node("Add", product, name + ".bias") : product;
  }

  private String mlp(MlpSpec mlp, String prefix, String x) {
    String up = linear(prefix + ".up", x, mlp.bias());
    String inner = up;
    if (mlp.gated()) {
      String gate = activation(mlp.activation(), linear(prefix + ".gate", x, mlp.bias()));
      inner = graph.node("Mul", gate, up);
    } else {
      inner = activation(mlp.activation(), up);
    }
    return linear(prefix + ".down", inner, mlp.bias());
  }

  private String activation(MlpSpec.Activation activation, String x) {
    return switch (activation) {
      case RELU -> graph.node("Relu", x);
      case SILU -> graph.node("Mul", x, graph.node("Sigmoid", x));
      case GELU -> {
        String erf = graph.node("Erf", graph.node("Div", x, graph.constant((float) Math.sqrt(2))));
        yield half(x, erf);
      }
      case GELU_TANH -> {
        String cube = graph.node("Pow", x, graph.constant(3));
        String bent = graph.node("Add", x, graph.node("Mul", cube, graph.constant(0.044715f)));
        String scaled = graph.node("Mul", bent, graph.constant((float) Math.sqrt(2 / Math.PI)));
        yield half(x, graph.node("Tanh", scaled));
      }
    };
  }

  /** x / 2 * (1 + y). */
  private String half(String x, String y) {
    String sum = graph.node("Add", y, graph.constant(1));
    return graph.node("Mul", graph.node("Mul", x, sum), graph.constant(0.5f));
  }

  private String norm(NormSpec norm, String name, String x) {
    String centred = norm.kind() == NormSpec.Kind.LAYER ? graph.node("Sub", x, mean(x)) : x;
    String square = graph.node("Pow", centred, graph.constant(2));
    String sum = graph.node("Add", mean(square), graph.constant((float) norm.epsilon()));
    String unit = graph.node("Div", centred, graph.node("Sqrt", sum));
    String scaled = graph.node("Mul", unit, name + ".weight");
    return norm.hasBias() ? graph.node("Add", scaled, name + ".bias") : scaled;
  }

  private String mean(String x) {
    return graph.node(
        "ReduceMean", List.of(attribute("axes", List.of(-1L)), attribute("keepdims", 1)), x);
  }
}
