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
import java.util.function.LongConsumer;

/**
 * The file beside an ONNX graph that holds its weights as f32, each aligned, written one after the
 * other without passing through the heap. Confined to one thread.
 */
final class ExternalData implements AutoCloseable {
  private static final int LINE_BYTES = 64;
  private static final int PAGE_BYTES = 4096;
  private static final int PAGE_FROM_BYTES = 1 << 20;
  private static final int CHUNK_ELEMENTS = 1 << 20;

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

  /** Appends a tensor as f32 and describes where it lies. */
  OnnxMl.TensorProto add(TensorData tensor) throws IOException {
    long bytes = Math.multiplyExact(tensor.bytes().byteSize() / tensor.dtype().bytes(), 4L);
    align(bytes >= PAGE_FROM_BYTES ? PAGE_BYTES : LINE_BYTES);
    long offset = channel.position();
    if (tensor.dtype() == DType.F32) {
      SafetensorsWriter.writeFully(channel, tensor.bytes(), written);
    } else {
      convert(tensor, bytes / 4);
    }
    return OnnxMl.TensorProto.newBuilder()
        .setName(tensor.name())
        .setDataType(OnnxMl.TensorProto.DataType.FLOAT.getNumber())
        .addAllDims(tensor.shape())
        .setDataLocation(OnnxMl.TensorProto.DataLocation.EXTERNAL)
        .addExternalData(entry("location", location))
        .addExternalData(entry("offset", Long.toString(offset)))
        .addExternalData(entry("length", Long.toString(bytes)))
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

  private void align(int boundary) throws IOException {
    int padding = (int) (-channel.position() & (boundary - 1));
    ByteBuffer zeros = ByteBuffer.allocate(padding);
    while (zeros.hasRemaining()) {
      channel.write(zeros);
    }
  }

  private static OnnxMl.StringStringEntryProto entry(String key, String value) {
    return OnnxMl.StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
