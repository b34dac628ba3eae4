package dev.cleave.codec;

import dev.cleave.codec.MalformedFrame.Fault;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The header of frames inside an open stream, where mode and width are agreed and the message
 * around the frame says where it ends. Little endian, fixed width:
 *
 * <pre>
 *     0               1               2               3
 *    +---------------+---------------+---------------+---------------+
 *  0 |  kind = 0xC5  |  step index   |  positions                    |
 *    +---------------+---------------+-------------------------------+
 *  4 |  start position                                               |
 *    +---------------------------------------------------------------+
 *  8 |  CRC32C of the agreement, bytes 0 to 7 and the payload        |
 *    +---------------------------------------------------------------+
 * </pre>
 *
 * <p>The checksum starts with eight bytes that do not travel, the mode's number and the width as
 * u32: two sides that remember different agreements fail at the first frame. The quantiser's step
 * index belongs to modes to come and is zero in those of today.
 */
final class ShortHeader {
  static final int KIND_OFFSET = 0;
  static final int STEP_INDEX_OFFSET = 1;
  static final int POSITIONS_OFFSET = 2;
  static final int START_POSITION_OFFSET = 4;
  static final int CRC_OFFSET = 8;
  static final int BYTES = 12;

  /** Differs from the first byte of {@link LongHeader#MAGIC} in three bits. */
  static final int KIND = 0xC5;

  static final int MAX_POSITIONS = 0xFFFF;

  private ShortHeader() {}

  /** Writes the header of a frame whose payload already lies behind it in {@code frame}. */
  static void write(ByteBuffer frame, FrameInfo info) {
    frame.put(KIND_OFFSET, (byte) KIND);
    frame.put(STEP_INDEX_OFFSET, (byte) 0);
    frame.putShort(POSITIONS_OFFSET, (short) info.positions());
    frame.putInt(START_POSITION_OFFSET, info.startPosition());
    frame.putInt(CRC_OFFSET, crc(frame, info.spec(), info.payloadBytes()));
  }

  /** Reads the header; as its checksum covers the payload too, the whole frame is checked. */
  static FrameInfo read(ByteBuffer frame, StreamSpec agreed) {
    if (frame.limit() < BYTES) {
      throw new MalformedFrame(
          Fault.LENGTH, frame.limit(), "header of " + BYTES + " bytes is cut off");
    }
    int payloadBytes = frame.limit() - BYTES;
    if (crc(frame, agreed, payloadBytes) != frame.getInt(CRC_OFFSET)) {
      throw new MalformedFrame(Fault.CHECKSUM, CRC_OFFSET, "frame checksum differs");
    }
    int step = Byte.toUnsignedInt(frame.get(STEP_INDEX_OFFSET));
    if (step != 0) {
      throw new MalformedFrame(
          Fault.HEADER, STEP_INDEX_OFFSET, "step index is %d and must be 0".formatted(step));
    }
    return new FrameInfo(
        agreed,
        HeaderForm.SHORT,
        frame.getInt(START_POSITION_OFFSET),
        Short.toUnsignedInt(frame.getShort(POSITIONS_OFFSET)),
        payloadBytes);
  }

  private static int crc(ByteBuffer frame, StreamSpec spec, int payloadBytes) {
    CRC32C crc = new CRC32C();
    ByteBuffer agreement = ByteBuffer.allocate(2 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    crc.update(agreement.putInt(spec.mode().wireNumber()).putInt(spec.width()).flip());
    crc.update(frame.slice(0, CRC_OFFSET));
    crc.update(frame.slice(BYTES, payloadBytes));
    return (int) crc.getValue();
  }
}
