package dev.cleave.edge.replay;

import dev.cleave.edge.journal.SealedRecords;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The frames that one session keeps, up to a limit: in memory first, then sealed in a temporary
 * file. It has them to itself, as the transport may have what is sent for longer than anybody
 * knows, and overwrites what it drops. Confined to who holds the session's lock.
 */
final class FrameStore implements AutoCloseable {

  /** Where a frame is. */
  sealed interface Kept {
    /** The frame's length. */
    int bytes();

    /** In memory, in an array that nobody else has. */
    record InMemory(ByteBuffer frame) implements Kept {
      @Override
      public int bytes() {
        return frame.remaining();
      }
    }

    /** On disk. */
    record OnDisk(long position, long number, int bytes) implements Kept {}
  }

  private final long most;
  private final long mostInMemory;
  private final IntFunction<byte[]> memory;
  private long bytes;
  private long bytesInMemory;
  private @Nullable SealedRecords disk;

  FrameStore(Recovery recovery) {
    this(recovery, byte[]::new);
  }

  /**
   * A store of its own memory.
   *
   * @param memory makes an array of that many bytes
   */
  FrameStore(Recovery recovery, IntFunction<byte[]> memory) {
    this.memory = memory;
    this.most = recovery.maxBytesKept();
    this.mostInMemory = recovery.bytesInMemory();
  }

  /** Whether another frame of this size may be kept. */
  boolean hasRoomFor(int frameBytes) {
    return frameBytes <= most - bytes;
  }

  Kept keep(ByteBuffer frame) {
    byte[] copy = memory.apply(frame.remaining());
    frame.duplicate().get(copy);
    bytes += copy.length;
    if (copy.length <= mostInMemory - bytesInMemory) {
      bytesInMemory += copy.length;
      return new Kept.InMemory(ByteBuffer.wrap(copy));
    }
    try {
      if (disk == null) {
        disk = SealedRecords.temporary();
      }
      long number = disk.count();
      return new Kept.OnDisk(disk.append(copy), number, copy.length);
    } finally {
      Arrays.fill(copy, (byte) 0);
    }
  }

  /** A copy, for the transport. */
  ByteBuffer read(Kept kept) {
    return switch (kept) {
      case Kept.InMemory(ByteBuffer frame) ->
          ByteBuffer.allocate(frame.remaining()).put(frame.duplicate()).flip();
      case Kept.OnDisk(long position, long number, int _) -> {
        if (disk == null) {
          throw new IllegalStateException("the frames are forgotten");
        }
        yield ByteBuffer.wrap(disk.read(position, number));
      }
    };
  }

  @SuppressWarnings("ByteBufferBackingArray") // the array that keep wrapped
  void drop(Kept kept) {
    bytes -= kept.bytes();
    if (kept instanceof Kept.InMemory(ByteBuffer frame)) {
      bytesInMemory -= kept.bytes();
      Arrays.fill(frame.array(), (byte) 0);
    }
  }

  /** Behind {@link #drop} of all that is in memory. */
  @Override
  public void close() {
    bytes = 0;
    bytesInMemory = 0;
    if (disk != null) {
      disk.close();
      disk = null;
    }
  }
}
