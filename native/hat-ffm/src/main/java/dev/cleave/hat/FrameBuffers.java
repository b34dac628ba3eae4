package dev.cleave.hat;

import dev.cleave.hat.ffi.cleave_hat_buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The memory of one frame and its description for the library; it outlives leases. */
final class FrameBuffers {
  /**
   * Of whatever page the kernel has: 4 KiB, 16 KiB (Raspberry Pi 5) or 64 KiB. Buffers begin at a
   * multiple of it and have memory to the next one, so that no other data shares a page with what
   * the chip writes.
   */
  static final long PAGE_BYTES = 64 << 10;

  /** Whose transfer it is; never 0. */
  final int ticket;

  /** The same as the library is given it, and gives it back when the transfer has ended. */
  final MemorySegment context;

  /** An array of {@code cleave_hat_buffer}, one for each edge. */
  final MemorySegment description;

  private final MemorySegment[] data;

  /** The transfer that has the memory now; guarded by the pool. */
  @Nullable NativeTransfer transfer;

  /**
   * Allocates the memory.
   *
   * @param names of the edges, native
   */
  FrameBuffers(int ticket, FrameShape shape, List<MemorySegment> names, Arena arena) {
    this.ticket = ticket;
    this.context = MemorySegment.ofAddress(ticket);
    int count = shape.edges().size();
    this.description = cleave_hat_buffer.allocateArray(count, arena);
    this.data = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      long bytes = shape.bytes(shape.edges().get(i));
      long pages = Math.ceilDiv(bytes, PAGE_BYTES);
      data[i] = arena.allocate(pages * PAGE_BYTES, PAGE_BYTES).asSlice(0, bytes);
      MemorySegment buffer = cleave_hat_buffer.asSlice(description, i);
      cleave_hat_buffer.edge(buffer, names.get(i));
      cleave_hat_buffer.data(buffer, data[i]);
      cleave_hat_buffer.bytes(buffer, bytes);
    }
  }

  MemorySegment data(int edge) {
    return data[edge];
  }

  int count() {
    return data.length;
  }
}
