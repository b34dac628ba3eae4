package dev.cleave.hat.ffi;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;

/**
 * {@code struct cleave_hat_buffer}. Segments that are read or written hold one; {@link #asSlice}
 * picks it from an array.
 */
@SuppressWarnings("MemberName") // the header's names
public final class cleave_hat_buffer {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              cleave_hat_h.C_POINTER.withName("edge"),
              cleave_hat_h.C_POINTER.withName("data"),
              cleave_hat_h.C_LONG.withName("bytes"))
          .withName("cleave_hat_buffer");
  private static final long edge$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("edge"));
  private static final long data$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("data"));
  private static final long bytes$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("bytes"));

  private cleave_hat_buffer() {}

  /** Bytes of one. */
  public static long sizeof() {
    return LAYOUT.byteSize();
  }

  /** The one of this index. */
  public static MemorySegment asSlice(MemorySegment array, long index) {
    return array.asSlice(Math.multiplyExact(index, LAYOUT.byteSize()), LAYOUT.byteSize());
  }

  /** Room for one, zeroed. */
  public static MemorySegment allocate(SegmentAllocator allocator) {
    return allocator.allocate(LAYOUT);
  }

  /** Room for so many, zeroed. */
  public static MemorySegment allocateArray(long count, SegmentAllocator allocator) {
    return allocator.allocate(LAYOUT, count);
  }

  /** The field {@code edge}. */
  public static MemorySegment edge(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_POINTER, edge$OFFSET);
  }

  /** Sets {@code edge}. */
  public static void edge(MemorySegment struct, MemorySegment value) {
    struct.set(cleave_hat_h.C_POINTER, edge$OFFSET, value);
  }

  /** The field {@code data}. */
  public static MemorySegment data(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_POINTER, data$OFFSET);
  }

  /** Sets {@code data}. */
  public static void data(MemorySegment struct, MemorySegment value) {
    struct.set(cleave_hat_h.C_POINTER, data$OFFSET, value);
  }

  /** The field {@code bytes}. */
  public static long bytes(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_LONG, bytes$OFFSET);
  }

  /** Sets {@code bytes}. */
  public static void bytes(MemorySegment struct, long value) {
    struct.set(cleave_hat_h.C_LONG, bytes$OFFSET, value);
  }
}
