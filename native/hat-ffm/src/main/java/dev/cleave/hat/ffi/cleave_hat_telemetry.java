package dev.cleave.hat.ffi;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;

/**
 * {@code struct cleave_hat_telemetry}. Segments that are read or written hold one; {@link #asSlice}
 * picks it from an array.
 */
@SuppressWarnings("MemberName") // the header's names
public final class cleave_hat_telemetry {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              cleave_hat_h.C_FLOAT.withName("temperature_celsius"),
              cleave_hat_h.C_FLOAT.withName("power_watts"),
              cleave_hat_h.C_FLOAT.withName("utilisation"),
              cleave_hat_h.C_INT.withName("throttled"))
          .withName("cleave_hat_telemetry");
  private static final long temperature_celsius$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("temperature_celsius"));
  private static final long power_watts$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("power_watts"));
  private static final long utilisation$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("utilisation"));
  private static final long throttled$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("throttled"));

  private cleave_hat_telemetry() {}

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

  /** The field {@code temperature_celsius}. */
  public static float temperature_celsius(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_FLOAT, temperature_celsius$OFFSET);
  }

  /** The field {@code power_watts}. */
  public static float power_watts(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_FLOAT, power_watts$OFFSET);
  }

  /** The field {@code utilisation}. */
  public static float utilisation(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_FLOAT, utilisation$OFFSET);
  }

  /** The field {@code throttled}. */
  public static int throttled(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_INT, throttled$OFFSET);
  }
}
