package dev.cleave.edge.engine;

import ai.onnx.proto.OnnxMl;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.onnx.LowerEmitter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights that a device half's file holds, widened to f32 by the definitions of the runtime's
 * operators: what must come out when nothing but the weights is rounded.
 */
final class LowerFile {
  private static final int BLOCK = 32;
  private static final int MIDDLE = 128;

  private final Map<String, ByteBuffer> parts = new HashMap<>();

  private LowerFile() {}

  static List<TensorData> read(Path onnx, StackSpec stack) {
    try {
      LowerFile file = new LowerFile();
      ByteBuffer data = ByteBuffer.wrap(Files.readAllBytes(onnx.resolveSibling(LowerEmitter.DATA)));
      OnnxMl.GraphProto graph = OnnxMl.ModelProto.parseFrom(Files.readAllBytes(onnx)).getGraph();
      for (OnnxMl.TensorProto tensor : graph.getInitializerList()) {
        Map<String, String> place = new HashMap<>();
        tensor.getExternalDataList().forEach(e -> place.put(e.getKey(), e.getValue()));
        if (!place.isEmpty()) {
          int offset = Integer.parseInt(place.get("offset"));
          int length = Integer.parseInt(place.get("length"));
          file.parts.put(
              tensor.getName(), data.slice(offset, length).order(ByteOrder.LITTLE_ENDIAN));
        }
      }
      return CanonicalTensors.ofStack(stack).stream().map(file::widened).toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private TensorData widened(CanonicalTensors.Tensor tensor) {
    String name = tensor.name();
    float[] values = new float[(int) tensor.elements()];
    ByteBuffer plain = parts.get(name);
    if (plain == null) {
      int rows = Math.toIntExact(tensor.shape().get(0));
      int columns = Math.toIntExact(tensor.shape().get(1));
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          values[row * columns + column] = element(name, rows, columns, row, column);
        }
      }
    } else {
      plain.asFloatBuffer().get(values);
    }
    return new TensorData(name, DType.F32, tensor.shape(), MemorySegment.ofArray(values));
  }

  private float element(String name, int rows, int columns, int row, int column) {
    ByteBuffer codes = part(name + ".codes");
    int blocks = Math.ceilDiv(columns, BLOCK);
    int block = column / BLOCK;
    float scale = part(name + ".scales").getFloat((row * blocks + block) * Float.BYTES);
    ByteBuffer zeros = parts.get(name + ".zeros");
    if (zeros == null) {
      int stride = codes.capacity() / rows;
      return scale * (Byte.toUnsignedInt(codes.get(row * stride + column)) - MIDDLE);
    }
    int code = half(codes, row * blocks * BLOCK + column);
    int zero = half(zeros, row * Math.ceilDiv(blocks, 2) * 2 + block);
    return scale * (code - zero);
  }

  private static int half(ByteBuffer bytes, int index) {
    return Byte.toUnsignedInt(bytes.get(index / 2)) >> (index % 2 * 4) & 15;
  }

  private ByteBuffer part(String name) {
    ByteBuffer part = parts.get(name);
    if (part == null) {
      throw new AssertionError("the file lacks " + name);
    }
    return part;
  }
}
