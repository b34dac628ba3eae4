package dev.cleave.hat.ffi;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;

/**
 * {@code struct cleave_hat_open_handles}. Segments that are read or written hold one; {@link
 * #asSlice} picks it from an array.
 */
@SuppressWarnings("MemberName") // the header's names
public final class cleave_hat_open_handles {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              cleave_hat_h.C_LONG.withName("devices"),
              cleave_hat_h.C_LONG.withName("models"),
              cleave_hat_h.C_LONG.withName("sessions"),
              cleave_hat_h.C_LONG.withName("transfers"))
          .withName("cleave_hat_open_handles");
  private static final long devices$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("devices"));
  private static final long models$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("models"));
  private static final long sessions$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("sessions"));
  private static final long transfers$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("transfers"));

  private cleave_hat_open_handles() {}

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

  /** The field {@code devices}. */
  public static long devices(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_LONG, devices$OFFSET);
  }

  /** The field {@code models}. */
  public static long models(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_LONG, models$OFFSET);
  }

  /** The field {@code sessions}. */
  public static long sessions(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_LONG, sessions$OFFSET);
  }

  /** The field {@code transfers}. */
  public static long transfers(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_LONG, transfers$OFFSET);
  }
}
