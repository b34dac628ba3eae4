package dev.cleave.hat.ffi;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * {@code struct cleave_hat_device_id}. Segments that are read or written hold one; {@link #asSlice}
 * picks it from an array.
 */
@SuppressWarnings("MemberName") // the header's names
public final class cleave_hat_device_id {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              MemoryLayout.sequenceLayout(
                      cleave_hat_constants.CLEAVE_HAT_NAME_BYTES, ValueLayout.JAVA_BYTE)
                  .withName("name"))
          .withName("cleave_hat_device_id");
  private static final long name$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("name"));

  private cleave_hat_device_id() {}

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

  /**
   * The field {@code name}, UTF-8 that ends with NUL. @throws IndexOutOfBoundsException when it
   * does not end.
   */
  public static String name(MemorySegment struct) {
    return struct.asSlice(name$OFFSET, cleave_hat_constants.CLEAVE_HAT_NAME_BYTES).getString(0);
  }
}
