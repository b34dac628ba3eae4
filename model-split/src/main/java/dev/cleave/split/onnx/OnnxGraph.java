package dev.cleave.split.onnx;

import ai.onnx.proto.OnnxMl;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A graph under construction: each method adds one node and returns the name of its output. The
 * same calls give the same bytes.
 */
final class OnnxGraph {
  /** The first with Gelu; LayerNormalization came with 17. */
  private static final int OPSET = 20;

  private static final int IR_VERSION = 9;

  /** A dimension whose size differs from call to call: positions in this one. */
  static final long SEQ = -1;

  /** A dimension whose size differs from session to session: positions there is room for. */
  static final long CAPACITY = -2;

  /** The domain of the runtime's own operators. */
  private static final String RUNTIME = "com.microsoft";

  private static final int RUNTIME_OPSET = 1;

  private final OnnxMl.GraphProto.Builder graph;
  private final int opset;
  private final List<OnnxMl.StringStringEntryProto> properties = new ArrayList<>();
  private boolean usesRuntimeOps;
  private int values;

  OnnxGraph(String name) {
    this(name, OPSET);
  }

  /** For readers that do not know the newest operators. */
  OnnxGraph(String name, int opset) {
    this.graph = OnnxMl.GraphProto.newBuilder().setName(name);
    this.opset = opset;
  }

  /** An attribute with an integer. */
  static OnnxMl.AttributeProto attribute(String name, long value) {
    return OnnxMl.AttributeProto.newBuilder()
        .setName(name)
        .setType(OnnxMl.AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  /** An attribute with integers. */
  static OnnxMl.AttributeProto attribute(String name, List<Long> values) {
    return OnnxMl.AttributeProto.newBuilder()
        .setName(name)
        .setType(OnnxMl.AttributeProto.AttributeType.INTS)
        .addAllInts(values)
        .build();
  }

  /** An attribute with a number. */
  static OnnxMl.AttributeProto attribute(String name, float value) {
    return OnnxMl.AttributeProto.newBuilder()
        .setName(name)
        .setType(OnnxMl.AttributeProto.AttributeType.FLOAT)
        .setF(value)
        .build();
  }

  /** An attribute with a text. */
  static OnnxMl.AttributeProto attribute(String name, String value) {
    return OnnxMl.AttributeProto.newBuilder()
        .setName(name)
        .setType(OnnxMl.AttributeProto.AttributeType.STRING)
        .setS(ByteString.copyFromUtf8(value))
        .build();
  }

  /** A node without attributes. */
  String node(String op, String... inputs) {
    return node(op, List.of(), inputs);
  }

  /** A node. */
  String node(String op, List<OnnxMl.AttributeProto> attributes, String... inputs) {
    String output = op + "_" + values++;
    graph.addNode(node(op, attributes, List.of(inputs), List.of(output)));
    return output;
  }

  /** A node of an operator that ONNX Runtime adds to the standard's. */
  String runtimeNode(String op, List<OnnxMl.AttributeProto> attributes, String... inputs) {
    String output = op + "_" + values++;
    runtimeNode(op, attributes, List.of(inputs), List.of(output));
    return output;
  }

  /**
   * The same with several outputs.
   *
   * @param inputs empty names where an optional one is left out
   * @param outputs the names they get; empty where an optional one is left out
   */
  void runtimeNode(
      String op,
      List<OnnxMl.AttributeProto> attributes,
      List<String> inputs,
      List<String> outputs) {
    usesRuntimeOps = true;
    graph.addNode(node(op, attributes, inputs, outputs).setDomain(RUNTIME));
  }

  /** A name for an output of a node with several. */
  String name(String of) {
    return of + "_" + values++;
  }

  /** A node whose output is the graph's. */
  void output(String op, String name, String... inputs) {
    graph.addNode(node(op, List.of(), List.of(inputs), List.of(name)));
  }

  /** Makes the output of the node that was added last the graph's. */
  void outputLast(String name) {
    graph.getNodeBuilder(graph.getNodeCount() - 1).setName(name).setOutput(0, name);
  }

  private static OnnxMl.NodeProto.Builder node(
      String op,
      List<OnnxMl.AttributeProto> attributes,
      List<String> inputs,
      List<String> outputs) {
    return OnnxMl.NodeProto.newBuilder()
        .setOpType(op)
        .setName(outputs.getFirst())
        .addAllInput(inputs)
        .addAllOutput(outputs)
        .addAllAttribute(attributes);
  }

  /** A scalar f32 held in the graph. */
  String constant(float value) {
    return initializer(
        OnnxMl.TensorProto.newBuilder()
            .setDataType(OnnxMl.TensorProto.DataType.FLOAT.getNumber())
            .addFloatData(value));
  }

  /** A scalar int64 held in the graph. */
  String index(long value) {
    return initializer(
        OnnxMl.TensorProto.newBuilder()
            .setDataType(OnnxMl.TensorProto.DataType.INT64.getNumber())
            .addInt64Data(value));
  }

  /** A vector of int64 held in the graph. */
  String indices(long... entries) {
    List<Long> list = new ArrayList<>();
    for (long entry : entries) {
      list.add(entry);
    }
    return initializer(
        OnnxMl.TensorProto.newBuilder()
            .setDataType(OnnxMl.TensorProto.DataType.INT64.getNumber())
            .addDims(entries.length)
            .addAllInt64Data(list));
  }

  private String initializer(OnnxMl.TensorProto.Builder tensor) {
    String name = "constant_" + values++;
    graph.addInitializer(tensor.setName(name));
    return name;
  }

  /**
   * An f32 tensor held in the graph.
   *
   * @param values row-major, as many as the shape calls for
   */
  String floats(FloatBuffer values, long... shape) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(values.remaining(), Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values.duplicate());
    OnnxMl.TensorProto.Builder tensor =
        OnnxMl.TensorProto.newBuilder()
            .setDataType(OnnxMl.TensorProto.DataType.FLOAT.getNumber())
            .setRawData(ByteString.copyFrom(bytes));
    for (long size : shape) {
      tensor.addDims(size);
    }
    return initializer(tensor);
  }

  /** A tensor that lies elsewhere; its name becomes usable as an input. */
  void initializer(OnnxMl.TensorProto tensor) {
    graph.addInitializer(tensor);
  }

  /** Declares an input; a size may be {@link #SEQ} or {@link #CAPACITY}. */
  void declareInput(String name, OnnxMl.TensorProto.DataType type, long... shape) {
    graph.addInput(value(name, type, shape));
  }

  /** Declares an output; a size may be {@link #SEQ} or {@link #CAPACITY}. */
  void declareOutput(String name, OnnxMl.TensorProto.DataType type, long... shape) {
    graph.addOutput(value(name, type, shape));
  }

  private static OnnxMl.ValueInfoProto value(
      String name, OnnxMl.TensorProto.DataType type, long... shape) {
    OnnxMl.TensorShapeProto.Builder dims = OnnxMl.TensorShapeProto.newBuilder();
    for (long size : shape) {
      OnnxMl.TensorShapeProto.Dimension.Builder dim =
          OnnxMl.TensorShapeProto.Dimension.newBuilder();
      dims.addDim(
          size == SEQ
              ? dim.setDimParam("seq")
              : size == CAPACITY ? dim.setDimParam("capacity") : dim.setDimValue(size));
    }
    return OnnxMl.ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            OnnxMl.TypeProto.newBuilder()
                .setTensorType(
                    OnnxMl.TypeProto.Tensor.newBuilder()
                        .setElemType(type.getNumber())
                        .setShape(dims)))
        .build();
  }

  /** A property of the model that a reader needs and the graph's signature does not show. */
  void property(String key, String value) {
    properties.add(OnnxMl.StringStringEntryProto.newBuilder().setKey(key).setValue(value).build());
  }

  /** The finished model. */
  byte[] toBytes() {
    OnnxMl.ModelProto.Builder model =
        OnnxMl.ModelProto.newBuilder()
            .setIrVersion(IR_VERSION)
            .setProducerName("cleave")
            .addOpsetImport(OnnxMl.OperatorSetIdProto.newBuilder().setDomain("").setVersion(opset));
    if (usesRuntimeOps) {
      model.addOpsetImport(
          OnnxMl.OperatorSetIdProto.newBuilder().setDomain(RUNTIME).setVersion(RUNTIME_OPSET));
    }
    return model.addAllMetadataProps(properties).setGraph(graph).build().toByteArray();
  }
}
