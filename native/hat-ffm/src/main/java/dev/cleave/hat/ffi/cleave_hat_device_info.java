package dev.cleave.hat.ffi;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * {@code struct cleave_hat_device_info}. Segments that are read or written hold one; {@link
 * #asSlice} picks it from an array.
 */
@SuppressWarnings("MemberName") // the header's names
public final class cleave_hat_device_info {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              MemoryLayout.sequenceLayout(
                      cleave_hat_constants.CLEAVE_HAT_NAME_BYTES, ValueLayout.JAVA_BYTE)
                  .withName("architecture"),
              MemoryLayout.sequenceLayout(
                      cleave_hat_constants.CLEAVE_HAT_NAME_BYTES, ValueLayout.JAVA_BYTE)
                  .withName("firmware"),
              MemoryLayout.sequenceLayout(
                      cleave_hat_constants.CLEAVE_HAT_NAME_BYTES, ValueLayout.JAVA_BYTE)
                  .withName("serial"))
          .withName("cleave_hat_device_info");
  private static final long architecture$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("architecture"));
  private static final long firmware$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("firmware"));
  private static final long serial$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("serial"));

  private cleave_hat_device_info() {}

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
   * The field {@code architecture}, UTF-8 that ends with NUL. @throws IndexOutOfBoundsException
   * when it does not end.
   */
  public static String architecture(MemorySegment struct) {
    return struct
        .asSlice(architecture$OFFSET, cleave_hat_constants.CLEAVE_HAT_NAME_BYTES)
        .getString(0);
  }

  /**
   * The field {@code firmware}, UTF-8 that ends with NUL. @throws IndexOutOfBoundsException when it
   * does not end.
   */
  public static String firmware(MemorySegment struct) {
    return struct.asSlice(firmware$OFFSET, cleave_hat_constants.CLEAVE_HAT_NAME_BYTES).getString(0);
  }

  /**
   * The field {@code serial}, UTF-8 that ends with NUL. @throws IndexOutOfBoundsException when it
   * does not end.
   */
  public static String serial(MemorySegment struct) {
    return struct.asSlice(serial$OFFSET, cleave_hat_constants.CLEAVE_HAT_NAME_BYTES).getString(0);
  }
}
