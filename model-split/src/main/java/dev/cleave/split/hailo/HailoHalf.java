package dev.cleave.split.hailo;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.EncoderJson;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.bundle.Sha256;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.TensorInfo;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.onnx.AttentionBias;
import dev.cleave.split.onnx.BucketEmitter;
import dev.cleave.split.onnx.EncoderEmitter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Writes {@code device/hailo/}: the encoder without its embedding for each length, the weights that
 * all of them share, what the host looks up, the description, and how to compile. Stateless.
 */
public final class HailoHalf {
  /** The folder within the device half. */
  public static final String FOLDER = "hailo";

  /** The description of the encoder. */
  public static final String DESCRIPTION = "hailo/encoder.json";

  /** The weights of all lengths. */
  public static final String WEIGHTS = "hailo/encoder.safetensors";

  /** What the host looks up. */
  public static final String EMBEDDING = "hailo/embedding.bin";

  /** How to compile. */
  public static final String README = "hailo/README.md";

  /**
   * What the mask adds to the scores of padding. Small, so that a range of 16 bits that holds it
   * still tells scores apart; far below where scores go, which in the reference model's encoder lie
   * up to 180 apart, so that {@code exp} of it is nothing beside a token's.
   */
  public static final int MASKED = -300;

  private HailoHalf() {}

  /** The graph of one length, as a file of the device half. */
  public static String graph(int positions) {
    return "hailo/encoder-" + positions + ".onnx";
  }

  /**
   * Writes the folder.
   *
   * @param tensors the encoder's canonical tensors; borrowed
   * @param device the device half's folder
   * @param written told the bytes of each chunk
   */
  public static void write(
      StackSpec stack,
      List<TensorData> tensors,
      HailoBuckets buckets,
      Path device,
      LongConsumer written)
      throws IOException {
    EncoderEmitter.check(stack);
    Files.createDirectory(device.resolve(FOLDER));
    Map<String, TensorData> byName = new HashMap<>();
    tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
    EmbeddingFile.write(device.resolve(EMBEDDING), stack, byName, buckets.longest(), written);
    Path weights = device.resolve(WEIGHTS);
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(weights, kernels(tensors, arena), written);
    }
    try (Weights read = Weights.openFile(weights)) {
      Map<String, TensorInfo> infos = new HashMap<>();
      read.names().forEach(name -> infos.put(name, read.info(name)));
      BucketEmitter.WeightFile file =
          new BucketEmitter.WeightFile(
              String.valueOf(weights.getFileName()), Sha256.hex(weights), infos);
      for (int positions : buckets.lengths()) {
        FloatBuffer bias = bias(stack, read, positions);
        Files.write(
            device.resolve(graph(positions)), BucketEmitter.emit(stack, positions, file, bias));
      }
    }
    Files.write(device.resolve(DESCRIPTION), EncoderJson.write(stack));
    Files.writeString(
        device.resolve(README), CompileReadme.text(stack, buckets), StandardCharsets.UTF_8);
  }

  /** {@code [heads, positions, positions]}; empty where the attention has no bias. */
  static FloatBuffer bias(StackSpec stack, Weights weights, int positions) {
    AttentionSpec self = stack.block().self();
    return self.relativeBias()
        .map(bias -> {
          FloatBuffer table = FloatBuffer.wrap(weights.floats(AttentionBias.NAME));
          return AttentionBias.spread(bias, self.heads(), table, positions);
        })
        .orElse(FloatBuffer.allocate(0));
  }

  /** All but the embedding, in f32; linears transposed, as compilers want them. */
  private static List<TensorData> kernels(List<TensorData> tensors, Arena arena) {
    List<TensorData> list = new ArrayList<>();
    for (TensorData tensor : tensors) {
      String name = tensor.name();
      if (name.startsWith("embed.")) {
        continue;
      }
      boolean linear = tensor.shape().size() == 2 && !name.equals(AttentionBias.NAME);
      MemorySegment values = floats(tensor, arena);
      list.add(
          linear
              ? transposed(tensor, values, arena)
              : new TensorData(name, DType.F32, tensor.shape(), values));
    }
    return list;
  }

  private static MemorySegment floats(TensorData tensor, Arena arena) {
    long elements = tensor.bytes().byteSize() / tensor.dtype().bytes();
    MemorySegment values = arena.allocate(elements * Float.BYTES, Float.BYTES);
    Weights.readF32(tensor.bytes(), tensor.dtype(), 0, values);
    return values;
  }

  /** [out, in] to [in, out]. */
  private static TensorData transposed(TensorData tensor, MemorySegment values, Arena arena) {
    long out = tensor.shape().get(0);
    long in = tensor.shape().get(1);
    MemorySegment turned = arena.allocate(values.byteSize(), Float.BYTES);
    for (long row = 0; row < out; row++) {
      for (long column = 0; column < in; column++) {
        turned.setAtIndex(
            ValueLayout.JAVA_FLOAT,
            column * out + row,
            values.getAtIndex(ValueLayout.JAVA_FLOAT, row * in + column));
      }
    }
    String name = tensor.name();
    String kernel = name.substring(0, name.length() - ".weight".length()) + ".kernel";
    return new TensorData(kernel, DType.F32, List.of(in, out), turned);
  }
}
