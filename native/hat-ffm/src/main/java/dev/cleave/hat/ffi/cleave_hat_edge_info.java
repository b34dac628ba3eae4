package dev.cleave.hat.ffi;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * {@code struct cleave_hat_edge_info}. Segments that are read or written hold one; {@link #asSlice}
 * picks it from an array.
 */
@SuppressWarnings("MemberName") // the header's names
public final class cleave_hat_edge_info {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
              MemoryLayout.sequenceLayout(
                      cleave_hat_constants.CLEAVE_HAT_NAME_BYTES, ValueLayout.JAVA_BYTE)
                  .withName("name"),
              cleave_hat_h.C_INT.withName("direction"),
              cleave_hat_h.C_INT.withName("dtype"),
              cleave_hat_h.C_INT.withName("height"),
              cleave_hat_h.C_INT.withName("width"),
              cleave_hat_h.C_INT.withName("features"),
              cleave_hat_h.C_INT.withName("reserved"),
              cleave_hat_h.C_LONG.withName("frame_bytes"),
              cleave_hat_h.C_FLOAT.withName("scale"),
              cleave_hat_h.C_FLOAT.withName("zero_point"),
              cleave_hat_h.C_FLOAT.withName("limit_low"),
              cleave_hat_h.C_FLOAT.withName("limit_high"))
          .withName("cleave_hat_edge_info");
  private static final long name$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("name"));
  private static final long direction$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("direction"));
  private static final long dtype$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("dtype"));
  private static final long height$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("height"));
  private static final long width$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("width"));
  private static final long features$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("features"));
  private static final long reserved$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("reserved"));
  private static final long frame_bytes$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("frame_bytes"));
  private static final long scale$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("scale"));
  private static final long zero_point$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("zero_point"));
  private static final long limit_low$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("limit_low"));
  private static final long limit_high$OFFSET =
      LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("limit_high"));

  private cleave_hat_edge_info() {}

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

  /** The field {@code direction}. */
  public static int direction(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_INT, direction$OFFSET);
  }

  /** The field {@code dtype}. */
  public static int dtype(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_INT, dtype$OFFSET);
  }

  /** The field {@code height}. */
  public static int height(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_INT, height$OFFSET);
  }

  /** The field {@code width}. */
  public static int width(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_INT, width$OFFSET);
  }

  /** The field {@code features}. */
  public static int features(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_INT, features$OFFSET);
  }

  /** The field {@code reserved}. */
  public static int reserved(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_INT, reserved$OFFSET);
  }

  /** The field {@code frame_bytes}. */
  public static long frame_bytes(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_LONG, frame_bytes$OFFSET);
  }

  /** The field {@code scale}. */
  public static float scale(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_FLOAT, scale$OFFSET);
  }

  /** The field {@code zero_point}. */
  public static float zero_point(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_FLOAT, zero_point$OFFSET);
  }

  /** The field {@code limit_low}. */
  public static float limit_low(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_FLOAT, limit_low$OFFSET);
  }

  /** The field {@code limit_high}. */
  public static float limit_high(MemorySegment struct) {
    return struct.get(cleave_hat_h.C_FLOAT, limit_high$OFFSET);
  }
}
