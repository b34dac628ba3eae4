package dev.cleave.split.hailo;

import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * {@code embedding.bin}: what the host looks up for each token, since the accelerator takes
 * embeddings. All little endian.
 *
 * <pre>
 *  0        8  magic: 43 4C 56 45 4D 42 00 01  ("CLVEMB", 0, 1)
 *  8        4  u32 vocabulary
 * 12        4  u32 width
 * 16        4  u32 positions that have a row of their own; 0 where none is added
 * 20        4  u32 norm: 0 none, 1 layer, 2 root mean square
 * 24        8  f64 epsilon of the norm
 * 32        8  u64 bytes of the whole file
 * 40       24  zero
 * 64           f32 [vocabulary, width], scaled; f32 [positions, width]; f32 weight [width] of the
 *              norm; f32 bias [width] of a layer norm
 * </pre>
 */
final class EmbeddingFile {
  static final long MAGIC = 0x0100_424D_4556_4C43L;
  static final int VOCABULARY_OFFSET = 8;
  static final int WIDTH_OFFSET = 12;
  static final int POSITIONS_OFFSET = 16;
  static final int NORM_OFFSET = 20;
  static final int EPSILON_OFFSET = 24;
  static final int BYTES_OFFSET = 32;
  static final int HEADER_BYTES = 64;

  static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int CHUNK_ELEMENTS = 1 << 20;

  private EmbeddingFile() {}

  /**
   * Writes a new file.
   *
   * @param tensors canonical tensors of the stack; borrowed
   * @param positions rows of the position table that are kept, where there is one
   */
  static void write(
      Path file,
      StackSpec stack,
      Map<String, TensorData> tensors,
      int positions,
      LongConsumer written)
      throws IOException {
    EmbeddingSpec embedding = stack.embedding();
    Optional<EmbeddingSpec.Table> table = embedding.table();
    Shape shape =
        new Shape(
            embedding.vocabulary(),
            stack.width(),
            table.isPresent() ? positions : 0,
            embedding.norm());
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.writeFully(channel, shape.header(arena), written);
      Rows rows = new Rows(channel, arena, written);
      rows.write(of(tensors, "embed.weight"), 0, shape.vocabularyElements(), embedding.scale());
      if (table.isPresent()) {
        long first = (long) table.get().offset() * shape.width();
        rows.write(of(tensors, "embed.positions.weight"), first, shape.positionElements(), 1);
      }
      if (embedding.norm().isPresent()) {
        rows.write(of(tensors, "embed.norm.weight"), 0, shape.width(), 1);
        if (embedding.norm().get().hasBias()) {
          rows.write(of(tensors, "embed.norm.bias"), 0, shape.width(), 1);
        }
      }
    }
  }

  private static TensorData of(Map<String, TensorData> tensors, String name) {
    TensorData tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("there is no tensor " + name);
    }
    return tensor;
  }

  /** What the header says. */
  record Shape(int vocabulary, int width, int positions, Optional<NormSpec> norm) {
    long vocabularyElements() {
      return (long) vocabulary * width;
    }

    long positionElements() {
      return (long) positions * width;
    }

    long fileBytes() {
      long norms = norm.isEmpty() ? 0 : norm.get().hasBias() ? 2 : 1;
      return HEADER_BYTES
          + Float.BYTES * (vocabularyElements() + positionElements() + norms * width);
    }

    MemorySegment header(Arena arena) {
      MemorySegment header = arena.allocate(HEADER_BYTES);
      header.set(U64, 0, MAGIC);
      header.set(U32, VOCABULARY_OFFSET, vocabulary);
      header.set(U32, WIDTH_OFFSET, width);
      header.set(U32, POSITIONS_OFFSET, positions);
      int kind = norm.isEmpty() ? 0 : norm.get().kind() == NormSpec.Kind.LAYER ? 1 : 2;
      header.set(U32, NORM_OFFSET, kind);
      header.set(F64, EPSILON_OFFSET, norm.isEmpty() ? 0 : norm.get().epsilon());
      header.set(U64, BYTES_OFFSET, fileBytes());
      return header;
    }
  }

  /** Writes runs of elements as f32, times a factor. */
  private record Rows(FileChannel channel, Arena arena, LongConsumer written) {
    void write(TensorData tensor, long first, long count, double scale) throws IOException {
      MemorySegment chunk = arena.allocate(Math.min(count, CHUNK_ELEMENTS) * Float.BYTES, 8);
      for (long at = 0; at < count; at += CHUNK_ELEMENTS) {
        long elements = Math.min(CHUNK_ELEMENTS, count - at);
        MemorySegment part = chunk.asSlice(0, elements * Float.BYTES);
        Weights.readF32(tensor.bytes(), tensor.dtype(), first + at, part);
        for (long i = 0; scale != 1 && i < elements; i++) {
          long offset = i * Float.BYTES;
          part.set(F32, offset, part.get(F32, offset) * (float) scale);
        }
        SafetensorsWriter.writeFully(channel, part, written);
      }
    }
  }
}
