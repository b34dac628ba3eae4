package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.checkpoint.TensorInfo;
import dev.cleave.split.checkpoint.TensorSource;
import dev.cleave.split.checkpoint.gguf.format.Dequantiser;
import dev.cleave.split.checkpoint.gguf.format.GgmlType;
import dev.cleave.split.checkpoint.gguf.format.GgufFile;
import dev.cleave.split.checkpoint.gguf.format.GgufTensor;
import dev.cleave.split.error.CheckpointRefused;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One tensor of a GGUF file as the Hugging Face checkpoint has it. Computed at the first look and
 * kept in the {@link Scratch}, unless it already lies in the file that way.
 */
final class GgufSource implements TensorSource {
  private static final int CHUNK_BLOCKS = 1024;

  /** Turning a tensor takes it into memory once; GPT-2's largest matrix has 41 MB. */
  private static final long MAX_TRANSPOSED_BYTES = 1L << 30;

  private final GgufFile file;
  private final GgufTensor tensor;
  private final HfTensor target;
  private final Scratch scratch;
  private final TensorInfo info;
  private @Nullable MemorySegment bytes;

  GgufSource(GgufFile file, GgufTensor tensor, HfTensor target, Scratch scratch) {
    this.file = file;
    this.tensor = tensor;
    this.target = target;
    this.scratch = scratch;
    List<Long> shape =
        target.layout() == HfTensor.Layout.TRANSPOSED ? tensor.shape().reversed() : tensor.shape();
    long elements = shape.stream().reduce(1L, Math::multiplyExact);
    long size = elements * tensor.type().dtype().bytes();
    this.info = new TensorInfo(target.name(), tensor.type().dtype(), shape, tensor.offset(), size);
    check(size);
  }

  private void check(long size) {
    String subject = "tensor " + tensor.name();
    int rank = tensor.shape().size();
    switch (target.layout()) {
      case AS_IS -> {}
      case ROTARY_PAIRS -> {
        if (rank > 2 || tensor.rows() % (2L * target.heads()) != 0) {
          throw new CheckpointRefused(
              subject,
              "has shape " + tensor.shape() + ", no pairs of " + target.heads() + " heads");
        }
        if (tensor.rowElements() % tensor.type().blockElements() != 0) {
          throw new CheckpointRefused(
              subject, "is a quantised vector, whose order cannot be undone");
        }
      }
      case TRANSPOSED -> {
        if (rank != 2 || size > MAX_TRANSPOSED_BYTES) {
          throw new CheckpointRefused(
              subject,
              "has shape " + tensor.shape() + "; a matrix of at most 1 GiB can be transposed");
        }
      }
    }
  }

  @Override
  public TensorInfo info() {
    return info;
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public MemorySegment bytes() {
    if (bytes == null) {
      bytes = make();
    }
    return bytes;
  }

  private MemorySegment make() {
    MemorySegment source = file.bytes(tensor);
    if (target.layout() == HfTensor.Layout.AS_IS && !tensor.type().isQuantised()) {
      return source;
    }
    scratch.begin();
    switch (target.layout()) {
      case AS_IS -> convert(source);
      case ROTARY_PAIRS -> splitPairs(source);
      case TRANSPOSED -> {
        convert(source);
        MemorySegment straight = scratch.end();
        scratch.begin();
        transpose(straight);
      }
    }
    return scratch.end();
  }

  /**
   * Undoes what llama.cpp does to the q and k rows of a head, whose rotary embedding turns
   * neighbours where that of Hugging Face turns halves: row 2j + s was row s * half + j.
   */
  private void splitPairs(MemorySegment source) {
    long rowBytes = source.byteSize() / tensor.rows();
    long headRows = tensor.rows() / target.heads();
    long half = headRows / 2;
    for (long row = 0; row < tensor.rows(); row++) {
      long within = row % headRows;
      long from = row - within + within % half * 2 + within / half;
      convert(source.asSlice(from * rowBytes, rowBytes));
    }
  }

  private void transpose(MemorySegment straight) {
    int element = info.dtype().bytes();
    long rows = tensor.rows();
    long columns = tensor.rowElements();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment turned = arena.allocate(straight.byteSize(), Long.BYTES);
      for (long row = 0; row < rows; row++) {
        for (long column = 0; column < columns; column++) {
          long from = (row * columns + column) * element;
          long to = (column * rows + row) * element;
          if (element == Float.BYTES) {
            turned.set(
                ValueLayout.JAVA_INT_UNALIGNED,
                to,
                straight.get(ValueLayout.JAVA_INT_UNALIGNED, from));
          } else {
            turned.set(
                ValueLayout.JAVA_SHORT_UNALIGNED,
                to,
                straight.get(ValueLayout.JAVA_SHORT_UNALIGNED, from));
          }
        }
      }
      scratch.write(turned);
    }
  }

  /** Appends whole blocks to the scratch, dequantised where they are quantised. */
  private void convert(MemorySegment source) {
    GgmlType type = tensor.type();
    if (!type.isQuantised()) {
      scratch.write(source);
      return;
    }
    long blocks = source.byteSize() / type.blockBytes();
    int chunk = (int) Math.min(blocks, CHUNK_BLOCKS);
    byte[] in = new byte[chunk * type.blockBytes()];
    float[] out = new float[chunk * type.blockElements()];
    for (long block = 0; block < blocks; block += chunk) {
      int count = (int) Math.min(chunk, blocks - block);
      int length = count * type.blockBytes();
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, block * type.blockBytes(), in, 0, length);
      Dequantiser.dequantise(type, in, count, out);
      scratch.write(out, count * type.blockElements());
    }
  }
}
