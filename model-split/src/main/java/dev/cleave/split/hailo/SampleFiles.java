package dev.cleave.split.hailo;

import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Calibration data for the vendor's compiler: what the host would send for each text, as NumPy
 * arrays of f32, {@code embeddings-L.npy [samples, 1, L, width]} and {@code mask-L.npy [samples, 1,
 * 1, L]}. Stateless.
 */
public final class SampleFiles {
  private SampleFiles() {}

  /**
   * Writes both files for every length that the bundle has a graph for.
   *
   * @param device the device half, verified
   * @param samples token ids; those that are longer than a length are cut for it
   * @param folder where; files of these names are overwritten
   * @throws SplitException when the bundle was split without lengths, or a file cannot be written
   */
  public static void write(Bundle device, List<LongBuffer> samples, Path folder) {
    List<Integer> lengths = CompiledModels.lengths(device.manifest());
    if (lengths.isEmpty()) {
      throw new SplitException(
          "write samples of",
          device.root().toString(),
          "was split without lengths; split again with --hailo");
    }
    try (EmbeddingTable table = EmbeddingTable.open(device.file(HailoHalf.EMBEDDING))) {
      Files.createDirectories(folder);
      for (int positions : lengths) {
        write(table, samples, positions, folder);
      }
    } catch (IOException e) {
      throw new SplitException("write", folder.toString(), "failed: " + e, e);
    }
  }

  private static void write(
      EmbeddingTable table, List<LongBuffer> samples, int positions, Path folder)
      throws IOException {
    try (FileChannel embeddings = create(folder.resolve("embeddings-" + positions + ".npy"));
        FileChannel masks = create(folder.resolve("mask-" + positions + ".npy"))) {
      put(embeddings, header(samples.size(), positions, table.width()));
      put(masks, header(samples.size(), 1, positions));
      ByteBuffer mask = floats(positions);
      for (LongBuffer sample : samples) {
        int count = Math.min(sample.remaining(), positions);
        ByteBuffer rows = floats(positions * table.width());
        table.gather(sample.slice(sample.position(), count), rows.asFloatBuffer());
        for (int p = 0; p < positions; p++) {
          mask.putFloat(p * Float.BYTES, p < count ? 0 : HailoHalf.MASKED);
        }
        put(embeddings, rows);
        put(masks, mask.duplicate());
      }
    }
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE);
  }

  private static ByteBuffer floats(int elements) {
    return ByteBuffer.allocate(elements * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** NumPy's format 1.0: its length makes the data begin at a multiple of 64. */
  private static ByteBuffer header(int samples, int rows, int columns) {
    String text =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 1, %d, %d), }"
            .formatted(samples, rows, columns);
    int length = (10 + text.length() + 1 + 63) / 64 * 64 - 10;
    ByteBuffer header = ByteBuffer.allocate(10 + length).order(ByteOrder.LITTLE_ENDIAN);
    header.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    header.put((byte) 1).put((byte) 0).putShort((short) length);
    header.put(text.getBytes(StandardCharsets.US_ASCII));
    while (header.remaining() > 1) {
      header.put((byte) ' ');
    }
    return header.put((byte) '\n').flip();
  }

  private static void put(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
