package dev.cleave.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The positions that a frame carries, read from its header and not checked: of frames that were
 * made here. Immutable.
 *
 * @param startPosition of the frame's first row
 * @param positions rows in the frame
 */
public record FrameSpan(int startPosition, int positions) {

  /** Those of the frame at the buffer's position, which stays. */
  public static FrameSpan of(ByteBuffer frame) {
    ByteBuffer header = frame.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int base = header.position();
    return Byte.toUnsignedInt(header.get(base)) == ShortHeader.KIND
        ? new FrameSpan(
            header.getInt(base + ShortHeader.START_POSITION_OFFSET),
            Short.toUnsignedInt(header.getShort(base + ShortHeader.POSITIONS_OFFSET)))
        : new FrameSpan(
            header.getInt(base + LongHeader.START_POSITION_OFFSET),
            header.getInt(base + LongHeader.POSITIONS_OFFSET));
  }
}
