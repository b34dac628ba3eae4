package dev.cleave.split.hailo;

import dev.cleave.split.block.NormSpec;
import dev.cleave.split.error.MalformedBundle;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * {@code embedding.bin}, mapped: turns token ids into what enters the encoder's first block.
 * Thread-safe; made by whoever closes it, after the last look-up.
 */
public final class EmbeddingTable implements AutoCloseable {
  private final Arena arena;
  private final MemorySegment file;
  private final EmbeddingFile.Shape shape;

  private EmbeddingTable(Arena arena, MemorySegment file, EmbeddingFile.Shape shape) {
    this.arena = arena;
    this.file = file;
    this.shape = shape;
  }

  /**
   * Maps a file.
   *
   * @throws MalformedBundle when it is not there, or no whole table
   */
  public static EmbeddingTable open(Path path) {
    // Shared: whoever encodes looks up rows on a thread of its own.
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new EmbeddingTable(arena, file, shape(file, path));
    } catch (IOException e) {
      arena.close();
      throw new MalformedBundle(path.toString(), "cannot be read: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static EmbeddingFile.Shape shape(MemorySegment file, Path path) {
    if (file.byteSize() < EmbeddingFile.HEADER_BYTES
        || file.get(EmbeddingFile.U64, 0) != EmbeddingFile.MAGIC) {
      throw new MalformedBundle(path.toString(), "is no embedding table; split again");
    }
    int vocabulary = file.get(EmbeddingFile.U32, EmbeddingFile.VOCABULARY_OFFSET);
    int width = file.get(EmbeddingFile.U32, EmbeddingFile.WIDTH_OFFSET);
    int positions = file.get(EmbeddingFile.U32, EmbeddingFile.POSITIONS_OFFSET);
    int kind = file.get(EmbeddingFile.U32, EmbeddingFile.NORM_OFFSET);
    double epsilon = file.get(EmbeddingFile.F64, EmbeddingFile.EPSILON_OFFSET);
    if (vocabulary < 1 || width < 1 || positions < 0 || width > 1 << 20 || kind < 0 || kind > 2) {
      throw new MalformedBundle(
          path.toString(),
          "says %d x %d, %d positions, norm %d; split again"
              .formatted(vocabulary, width, positions, kind));
    }
    Optional<NormSpec> norm =
        switch (kind) {
          case 0 -> Optional.empty();
          case 1 -> Optional.of(new NormSpec(NormSpec.Kind.LAYER, epsilon));
          default -> Optional.of(new NormSpec(NormSpec.Kind.RMS, epsilon));
        };
    EmbeddingFile.Shape shape = new EmbeddingFile.Shape(vocabulary, width, positions, norm);
    if (file.get(EmbeddingFile.U64, EmbeddingFile.BYTES_OFFSET) != file.byteSize()
        || shape.fileBytes() != file.byteSize()) {
      throw new MalformedBundle(
          path.toString(),
          "has %d bytes and its header calls for %d; split again"
              .formatted(file.byteSize(), shape.fileBytes()));
    }
    return shape;
  }

  /** Elements of a row. */
  public int width() {
    return shape.width();
  }

  /**
   * Looks up an input from its first position on.
   *
   * @param ids token ids; borrowed, its position stays
   * @param out takes f32 {@code [ids.remaining(), width]} from its position on, which stays;
   *     borrowed
   * @throws IllegalArgumentException when an id is outside the vocabulary, or a position has no row
   */
  public void gather(LongBuffer ids, FloatBuffer out) {
    int count = ids.remaining();
    if (shape.positions() > 0 && count > shape.positions()) {
      throw new IllegalArgumentException(
          "the table has %d positions, the input %d".formatted(shape.positions(), count));
    }
    MemorySegment rows = MemorySegment.ofBuffer(out);
    long rowBytes = (long) shape.width() * Float.BYTES;
    for (int p = 0; p < count; p++) {
      long id = ids.get(ids.position() + p);
      if (id < 0 || id >= shape.vocabulary()) {
        // Without the id: it is as good as the text.
        throw new IllegalArgumentException(
            "the token at position %d is outside the vocabulary of %d"
                .formatted(p, shape.vocabulary()));
      }
      long from = EmbeddingFile.HEADER_BYTES + id * rowBytes;
      MemorySegment.copy(file, from, rows, p * rowBytes, rowBytes);
      FloatBuffer row = out.slice(out.position() + p * shape.width(), shape.width());
      if (shape.positions() > 0) {
        add(row, shape.vocabularyElements() + (long) p * shape.width());
      }
      shape.norm().ifPresent(norm -> normalise(row, norm));
    }
  }

  private float at(long element) {
    return file.get(EmbeddingFile.F32, EmbeddingFile.HEADER_BYTES + element * Float.BYTES);
  }

  private void add(FloatBuffer row, long first) {
    for (int i = 0; i < shape.width(); i++) {
      row.put(i, row.get(i) + at(first + i));
    }
  }

  private void normalise(FloatBuffer row, NormSpec norm) {
    int width = shape.width();
    double mean = 0;
    for (int i = 0; norm.hasBias() && i < width; i++) {
      mean += row.get(i) / (double) width;
    }
    double square = 0;
    for (int i = 0; i < width; i++) {
      square += (row.get(i) - mean) * (row.get(i) - mean) / width;
    }
    double unit = 1 / Math.sqrt(square + norm.epsilon());
    long weight = shape.vocabularyElements() + shape.positionElements();
    for (int i = 0; i < width; i++) {
      double bias = norm.hasBias() ? at(weight + width + i) : 0;
      row.put(i, (float) ((row.get(i) - mean) * unit * at(weight + i) + bias));
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
