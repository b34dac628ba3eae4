package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A temporary file for tensors that have to be computed, handed out as mappings.
 *
 * <p>Dequantised, a model is up to 7 times its file. On the heap or in anonymous memory that has to
 * fit; in a file the system writes out and drops what nobody looks at. It is written, not stored
 * into through a mapping, because a full disk is then an error and no signal. The file goes when it
 * is closed; on POSIX its name goes at once, so that not even a crash leaves it behind.
 */
final class Scratch implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final int ALIGNMENT = 64;
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Arena arena = Arena.ofConfined();
  private @Nullable FileChannel channel;
  private @Nullable MemorySegment buffer;
  private long flushed;
  private int buffered;
  private long start;

  /** Begins the next tensor; what was written of one that was not finished stays unused. */
  void begin() {
    drain();
    flushed = (flushed + ALIGNMENT - 1) & -ALIGNMENT;
    start = flushed;
  }

  /** Appends f32 values. */
  void write(float[] values, int count) {
    for (int from = 0; from < count; ) {
      int room = (BUFFER_BYTES - buffered) / Float.BYTES;
      int part = Math.min(room, count - from);
      MemorySegment.copy(values, from, buffer(), F32, buffered, part);
      buffered += part * Float.BYTES;
      from += part;
      if (part == room) {
        drain();
      }
    }
  }

  /** Appends bytes as they are. */
  void write(MemorySegment bytes) {
    for (long from = 0; from < bytes.byteSize(); ) {
      int part = (int) Math.min(BUFFER_BYTES - buffered, bytes.byteSize() - from);
      MemorySegment.copy(bytes, from, buffer(), buffered, part);
      buffered += part;
      from += part;
      // A multiple of four is kept in the buffer, so that floats end where it ends.
      if (buffered == BUFFER_BYTES) {
        drain();
      }
    }
  }

  /** What was written since {@link #begin}, read-only, until close. */
  MemorySegment end() {
    drain();
    try {
      return channel()
          .map(FileChannel.MapMode.READ_ONLY, start, flushed - start, arena)
          .asReadOnly();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void drain() {
    if (buffered == 0) {
      return;
    }
    ByteBuffer bytes = buffer().asSlice(0, buffered).asByteBuffer();
    try {
      while (bytes.hasRemaining()) {
        flushed += channel().write(bytes, flushed);
      }
    } catch (IOException e) {
      throw failed(e);
    }
    buffered = 0;
  }

  private MemorySegment buffer() {
    if (buffer == null) {
      buffer = arena.allocate(BUFFER_BYTES, ALIGNMENT);
    }
    return buffer;
  }

  private FileChannel channel() throws IOException {
    if (channel == null) {
      Path file = Files.createTempFile("cleave-gguf-", ".f32");
      channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
    }
    return channel;
  }

  private SplitException failed(IOException e) {
    return new SplitException(
        "dequantise into",
        System.getProperty("java.io.tmpdir"),
        "after "
            + flushed
            + " bytes: "
            + e
            + "; a quantised model needs 4 bytes for each weight there, or in another folder that"
            + " -Djava.io.tmpdir names",
        e);
  }

  @Override
  public void close() {
    if (!arena.scope().isAlive()) {
      return;
    }
    arena.close();
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw failed(e);
      }
    }
  }
}
