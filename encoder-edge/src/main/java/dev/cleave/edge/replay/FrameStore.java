package dev.cleave.edge.replay;

import dev.cleave.edge.journal.SealedRecords;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The frames that one session keeps, up to a limit: in memory first, then sealed in a temporary
 * file. Confined to who holds the session's lock.
 */
final class FrameStore implements AutoCloseable {

  /** Where a frame is. */
  sealed interface Kept {
    /** The frame's length. */
    int bytes();

    /** In memory, in the very buffer that was sent. */
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
  private long bytes;
  private long bytesInMemory;
  private @Nullable SealedRecords disk;

  FrameStore(Recovery recovery) {
    this.most = recovery.maxBytesKept();
    this.mostInMemory = recovery.bytesInMemory();
  }

  /** Whether another frame of this size may be kept. */
  boolean hasRoomFor(int frameBytes) {
    return frameBytes <= most - bytes;
  }

  Kept keep(ByteBuffer frame) {
    bytes += frame.remaining();
    if (frame.remaining() <= mostInMemory - bytesInMemory) {
      bytesInMemory += frame.remaining();
      return new Kept.InMemory(exact(frame));
    }
    if (disk == null) {
      disk = SealedRecords.temporary();
    }
    byte[] copy = new byte[frame.remaining()];
    frame.duplicate().get(copy);
    long number = disk.count();
    return new Kept.OnDisk(disk.append(copy), number, copy.length);
  }

  ByteBuffer read(Kept kept) {
    return switch (kept) {
      case Kept.InMemory(ByteBuffer frame) -> frame;
      case Kept.OnDisk(long position, long number, int _) -> {
        if (disk == null) {
          throw new IllegalStateException("the frames are forgotten");
        }
        yield ByteBuffer.wrap(disk.read(position, number));
      }
    };
  }

  void drop(Kept kept) {
    bytes -= kept.bytes();
    if (kept instanceof Kept.InMemory) {
      bytesInMemory -= kept.bytes();
    }
  }

  @Override
  public void close() {
    bytes = 0;
    bytesInMemory = 0;
    if (disk != null) {
      disk.close();
      disk = null;
    }
  }

  /** Buffers have the size of the longest frame that there could have been. */
  private static ByteBuffer exact(ByteBuffer frame) {
    return frame.remaining() > frame.capacity() / 4 * 3
        ? frame
        : ByteBuffer.allocate(frame.remaining()).put(frame.duplicate()).flip();
  }
}
