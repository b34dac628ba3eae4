package dev.cleave.edge.replay;

import java.nio.ByteBuffer;

/** The frames that one session keeps, up to a limit. Confined to who holds the session's lock. */
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
  }

  private final long most;
  private long bytes;

  FrameStore(Recovery recovery) {
    this.most = recovery.maxBytesKept();
  }

  /** Whether another frame of this size may be kept. */
  boolean hasRoomFor(int frameBytes) {
    return frameBytes <= most - bytes;
  }

  Kept keep(ByteBuffer frame) {
    bytes += frame.remaining();
    return new Kept.InMemory(exact(frame));
  }

  ByteBuffer read(Kept kept) {
    return switch (kept) {
      case Kept.InMemory(ByteBuffer frame) -> frame;
    };
  }

  void drop(Kept kept) {
    bytes -= kept.bytes();
  }

  @Override
  public void close() {
    bytes = 0;
  }

  /** Buffers have the size of the longest frame that there could have been. */
  private static ByteBuffer exact(ByteBuffer frame) {
    return frame.remaining() > frame.capacity() / 4 * 3
        ? frame
        : ByteBuffer.allocate(frame.remaining()).put(frame.duplicate()).flip();
  }
}
