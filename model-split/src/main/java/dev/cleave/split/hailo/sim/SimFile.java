package dev.cleave.split.hailo.sim;

import dev.cleave.split.bundle.Sha256;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.hailo.sim.Ranges.Quantisation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model file of the simulator under construction, as SIMULATED-MODEL.md has it. Confined to one
 * thread.
 */
final class SimFile {
  static final int HEADER_BYTES = 96;
  private static final byte[] MAGIC = {'C', 'L', 'V', 'H', 'E', 'F', 0, 1};
  private static final int VERSION = 1;
  private static final int RELEASE = 5002;
  private static final int PROGRAM = 1;
  private static final int EDGE_BYTES = 144;
  private static final int TENSOR_BYTES = 80;
  private static final int NODE_BYTES = 64;
  private static final int NAME_BYTES = 128;
  private static final int NONE = -1;

  /** What a tensor is for. */
  private static final int ACTIVATION = 0;

  private static final int WEIGHTS = 1;
  private static final int CONSTANT = 2;

  private static final int U16 = 2;
  private static final int F32 = 3;
  private static final int S8 = 4;
  private static final int S16 = 5;
  private static final int S32 = 6;

  private record Tensor(
      int role, int dtype, List<Integer> sizes, Quantisation quantisation, Data data) {}

  /** Where a tensor's data begin, counted from the end of the tables, and those of its scales. */
  private record Data(long offset, long bytes, long scalesOffset, long scalesBytes) {
    static final Data NONE = new Data(0, 0, 0, 0);
  }

  private record Edge(String name, boolean input) {}

  private final Map<String, Integer> index = new LinkedHashMap<>();
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<Edge> edges = new ArrayList<>();
  private final List<SimNode> nodes = new ArrayList<>();
  private final List<ByteBuffer> data = new ArrayList<>();
  private long dataBytes;

  private void tensor(String name, Tensor tensor) {
    index.put(name, tensors.size());
    tensors.add(tensor);
  }

  void activation(String name, Quantisation quantisation, List<Integer> sizes) {
    tensor(name, new Tensor(ACTIVATION, U16, sizes, quantisation, Data.NONE));
  }

  void edge(String name, boolean input) {
    edges.add(new Edge(name, input));
  }

  void node(SimNode node) {
    nodes.add(node);
  }

  /** Rounded weights {@code [out, in]} of one or two bytes, and a scale for each row. */
  void weights(String name, ByteBuffer stored, float[] scales, int inputs) {
    int bytes = stored.remaining() / scales.length / inputs;
    long at = append(stored);
    long scalesAt = append(floats(scales));
    Data where = new Data(at, scalesAt - at, scalesAt, 4L * scales.length);
    tensor(
        name,
        new Tensor(
            WEIGHTS,
            bytes == 1 ? S8 : S16,
            List.of(scales.length, inputs),
            new Quantisation(0, 0),
            where));
  }

  void constant(String name, float[] values, List<Integer> sizes) {
    long at = append(floats(values));
    tensor(
        name,
        new Tensor(
            CONSTANT, F32, sizes, new Quantisation(0, 0), new Data(at, 4L * values.length, 0, 0)));
  }

  void bias(String name, int[] values) {
    ByteBuffer bytes = buffer(4 * values.length);
    for (int value : values) {
      bytes.putInt(value);
    }
    long at = append(bytes.flip());
    tensor(
        name,
        new Tensor(
            CONSTANT,
            S32,
            List.of(values.length),
            new Quantisation(0, 0),
            new Data(at, 4L * values.length, 0, 0)));
  }

  private long append(ByteBuffer bytes) {
    long at = dataBytes;
    data.add(bytes);
    dataBytes += bytes.remaining();
    return at;
  }

  private static ByteBuffer floats(float[] values) {
    ByteBuffer bytes = buffer(4 * values.length);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.flip();
  }

  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The whole file. */
  byte[] toBytes() {
    int tables =
        HEADER_BYTES
            + edges.size() * EDGE_BYTES
            + tensors.size() * TENSOR_BYTES
            + nodes.size() * NODE_BYTES;
    long total = tables + dataBytes;
    if (total > 1 << 30) {
      throw new SplitException(
          "compile", "the encoder", "would take " + total + " bytes; 1 GiB is the most");
    }
    byte[] all = new byte[(int) total];
    ByteBuffer file = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    file.put(MAGIC).putInt(VERSION).putInt(RELEASE).putLong(total).putInt(PROGRAM);
    file.putInt(tensors.size()).putInt(nodes.size()).putInt(edges.size());
    file.position(HEADER_BYTES);
    edges.forEach(edge -> put(file, edge));
    tensors.forEach(tensor -> put(file, tensor, tables));
    nodes.forEach(node -> put(file, node));
    data.forEach(bytes -> file.put(bytes.duplicate()));
    byte[] covered = Arrays.copyOfRange(all, HEADER_BYTES, all.length);
    byte[] hash = HexFormat.of().parseHex(Sha256.hex(covered));
    System.arraycopy(hash, 0, all, 64, hash.length);
    return all;
  }

  private void put(ByteBuffer file, Edge edge) {
    byte[] name = new byte[NAME_BYTES];
    byte[] utf8 = edge.name().getBytes(StandardCharsets.UTF_8);
    System.arraycopy(utf8, 0, name, 0, Math.min(utf8.length, NAME_BYTES - 1));
    file.put(name).putInt(edge.input() ? 0 : 1).putInt(of(edge.name())).putLong(0);
  }

  private static void put(ByteBuffer file, Tensor tensor, int tables) {
    file.putInt(tensor.role()).putInt(tensor.dtype()).putInt(tensor.sizes().size());
    for (int i = 0; i < 3; i++) {
      file.putInt(i < tensor.sizes().size() ? tensor.sizes().get(i) : 0);
    }
    file.putFloat(tensor.quantisation().scale()).putInt(tensor.quantisation().zero());
    Data at = tensor.data();
    file.putLong(at.bytes() == 0 ? 0 : tables + at.offset()).putLong(at.bytes());
    file.putLong(at.scalesBytes() == 0 ? 0 : tables + at.scalesOffset()).putLong(at.scalesBytes());
    file.putLong(0).putLong(0);
  }

  private void put(ByteBuffer file, SimNode node) {
    file.putInt(node.operation().code()).putInt(of(node.output()));
    for (int i = 0; i < 4; i++) {
      file.putInt(node.input(i).isEmpty() ? NONE : of(node.input(i)));
    }
    file.putInt(node.number()).putFloat((float) node.factor());
    file.position(file.position() + 32);
  }

  private int of(String name) {
    Integer found = index.get(name);
    if (found == null) {
      throw new IllegalStateException("there is no tensor " + name);
    }
    return found;
  }
}
