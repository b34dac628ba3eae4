package dev.cleave.split.onnx;

import ai.onnx.proto.OnnxMl;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The file beside an ONNX graph that holds its weights, each aligned, written one after the other
 * without passing through the heap. Confined to one thread.
 */
final class ExternalData implements AutoCloseable {
  private static final int LINE_BYTES = 64;
  private static final int PAGE_BYTES = 4096;
  private static final int PAGE_FROM_BYTES = 1 << 20;
  private static final int CHUNK_ELEMENTS = 1 << 20;

  /**
   * Where a tensor lies.
   *
   * @param location the file's name
   * @param offset of its first byte
   * @param bytes how many
   */
  record Place(String location, long offset, long bytes) {}

  private final String location;
  private final FileChannel channel;
  private final LongConsumer written;

  private ExternalData(String location, FileChannel channel, LongConsumer written) {
    this.location = location;
    this.channel = channel;
    this.written = written;
  }

  static ExternalData create(Path file, LongConsumer written) throws IOException {
    return new ExternalData(
        String.valueOf(file.getFileName()),
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
        written);
  }

  /** Appends a weight as f32 and describes where it lies. */
  OnnxMl.TensorProto add(TensorData tensor) throws IOException {
    long bytes = Math.multiplyExact(tensor.bytes().byteSize() / tensor.dtype().bytes(), 4L);
    long offset = align(bytes);
    if (tensor.dtype() == DType.F32) {
      SafetensorsWriter.writeFully(channel, tensor.bytes(), written);
    } else {
      convert(tensor, bytes / 4);
    }
    return entry(tensor, OnnxMl.TensorProto.DataType.FLOAT, offset);
  }

  /** Appends what was made from weights, f32 or U8, as it is and untold. */
  OnnxMl.TensorProto addDerived(TensorData tensor) throws IOException {
    long offset = align(tensor.bytes().byteSize());
    SafetensorsWriter.writeFully(channel, tensor.bytes(), bytes -> {});
    return entry(
        tensor,
        tensor.dtype() == DType.U8
            ? OnnxMl.TensorProto.DataType.UINT8
            : OnnxMl.TensorProto.DataType.FLOAT,
        offset);
  }

  private OnnxMl.TensorProto entry(TensorData tensor, OnnxMl.TensorProto.DataType type, long offset)
      throws IOException {
    Place place = new Place(location, offset, channel.position() - offset);
    return entry(place, tensor.name(), type, tensor.shape());
  }

  /** What a graph says of a tensor that lies in a file beside it. */
  static OnnxMl.TensorProto entry(
      Place place, String name, OnnxMl.TensorProto.DataType type, List<Long> shape) {
    return OnnxMl.TensorProto.newBuilder()
        .setName(name)
        .setDataType(type.getNumber())
        .addAllDims(shape)
        .setDataLocation(OnnxMl.TensorProto.DataLocation.EXTERNAL)
        .addExternalData(entry("location", place.location()))
        .addExternalData(entry("offset", Long.toString(place.offset())))
        .addExternalData(entry("length", Long.toString(place.bytes())))
        .build();
  }

  private void convert(TensorData tensor, long count) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk =
          arena.allocate(Math.min(count, CHUNK_ELEMENTS) * Float.BYTES, LINE_BYTES);
      for (long first = 0; first < count; first += CHUNK_ELEMENTS) {
        MemorySegment part =
            chunk.asSlice(0, Math.min(CHUNK_ELEMENTS, count - first) * Float.BYTES);
        Weights.readF32(tensor.bytes(), tensor.dtype(), first, part);
        SafetensorsWriter.writeFully(channel, part, written);
      }
    }
  }

  /** Fills up to where as many bytes should start, and returns that offset. */
  private long align(long bytes) throws IOException {
    int boundary = bytes >= PAGE_FROM_BYTES ? PAGE_BYTES : LINE_BYTES;
    int padding = (int) (-channel.position() & (boundary - 1));
    ByteBuffer zeros = ByteBuffer.allocate(padding);
    while (zeros.hasRemaining()) {
      channel.write(zeros);
    }
    return channel.position();
  }

  private static OnnxMl.StringStringEntryProto entry(String key, String value) {
    return OnnxMl.StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
