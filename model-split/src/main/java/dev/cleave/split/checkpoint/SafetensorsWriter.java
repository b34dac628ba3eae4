package dev.cleave.split.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;

/** Writes safetensors files: the same tensors give the same bytes. Stateless. */
public final class SafetensorsWriter {
  private static final int CHUNK_BYTES = 8 << 20;

  private SafetensorsWriter() {}

  /**
   * Writes a new file, straight from the tensors' memory and in their own element type.
   *
   * @param tensors written in the given order, wide element types first so that all are aligned
   * @param written told the bytes of each chunk
   * @throws IOException when the file exists or cannot be written
   */
  public static void write(Path file, List<TensorData> tensors, LongConsumer written)
      throws IOException {
    List<TensorData> ordered = new ArrayList<>(tensors);
    ordered.sort(Comparator.comparingInt((TensorData t) -> t.dtype().bytes()).reversed());
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      writeFully(channel, header(ordered));
      for (TensorData tensor : ordered) {
        writeFully(channel, tensor.bytes(), written);
      }
    }
  }

  /** Writes all of a segment in chunks, telling the bytes of each. */
  public static void writeFully(FileChannel channel, MemorySegment bytes, LongConsumer written)
      throws IOException {
    for (long at = 0; at < bytes.byteSize(); at += CHUNK_BYTES) {
      long length = Math.min(CHUNK_BYTES, bytes.byteSize() - at);
      writeFully(channel, bytes.asSlice(at, length).asByteBuffer());
      written.accept(length);
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static ByteBuffer header(List<TensorData> tensors) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.putObject("__metadata__").put("format", "pt");
    long at = 0;
    for (TensorData tensor : tensors) {
      ObjectNode entry = root.putObject(tensor.name());
      entry.put("dtype", tensor.dtype().name());
      tensor.shape().forEach(entry.putArray("shape")::add);
      long end = at + tensor.bytes().byteSize();
      entry.putArray("data_offsets").add(at).add(end);
      at = end;
    }
    byte[] json;
    try {
      json = mapper.writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
    // Spaces up to a multiple of 8 keep the data aligned, as the reference writer does.
    int length = (json.length + 7) / 8 * 8;
    byte[] padded = Arrays.copyOf(json, length);
    Arrays.fill(padded, json.length, length, (byte) ' ');
    ByteBuffer out =
        ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
    return out.putLong(length).put(padded).flip();
  }
}
