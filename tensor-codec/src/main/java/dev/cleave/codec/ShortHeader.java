package dev.cleave.codec;

import dev.cleave.codec.MalformedFrame.Fault;
import dev.cleave.codec.rate.RateTarget;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

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
 * <p>The checksum starts with {@value #AGREEMENT_BYTES} bytes that do not travel: the mode's
 * number, the width, the target's kind and number as u32 each, and the 16 bytes of the profile's
 * hash. Two sides that remember different agreements fail at the first frame. The quantiser's step
 * index is zero in modes that have none.
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

  static final int AGREEMENT_BYTES = 32;

  private ShortHeader() {}

  /** What the checksum of every short frame of this stream starts with. */
  static byte[] agreement(StreamSpec spec) {
    ByteBuffer bytes = ByteBuffer.allocate(AGREEMENT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    RateTarget target = spec.target();
    bytes.putInt(spec.mode().wireNumber()).putInt(spec.width());
    bytes.putInt(target == null ? 0 : target.kind()).putInt(target == null ? 0 : target.number());
    spec.profile().write(bytes, bytes.position());
    return bytes.array();
  }

  /** Writes the header of a frame whose payload already lies behind it. */
  static void write(ByteBuffer frame, int base, Header header) {
    frame.put(base + KIND_OFFSET, (byte) KIND);
    frame.put(base + STEP_INDEX_OFFSET, (byte) header.stepIndex);
    frame.putShort(base + POSITIONS_OFFSET, (short) header.positions);
    frame.putInt(base + START_POSITION_OFFSET, header.startPosition);
    frame.putInt(base + CRC_OFFSET, crc(frame, base, header));
  }

  /** Reads the header; as its checksum covers the payload too, the whole frame is checked. */
  static void read(ByteBuffer frame, int base, int frameBytes, Header header) {
    if (frameBytes < BYTES) {
      throw new MalformedFrame(
          Fault.LENGTH, frameBytes, "header of " + BYTES + " bytes is cut off");
    }
    header.form = HeaderForm.SHORT;
    header.payloadBytes = frameBytes - BYTES;
    if (crc(frame, base, header) != frame.getInt(base + CRC_OFFSET)) {
      throw new MalformedFrame(Fault.CHECKSUM, CRC_OFFSET, "frame checksum differs");
    }
    header.startPosition = frame.getInt(base + START_POSITION_OFFSET);
    header.positions = Short.toUnsignedInt(frame.getShort(base + POSITIONS_OFFSET));
    header.stepIndex = Byte.toUnsignedInt(frame.get(base + STEP_INDEX_OFFSET));
  }

  private static int crc(ByteBuffer frame, int base, Header header) {
    header.crc.reset();
    header.crc.update(header.agreement, 0, AGREEMENT_BYTES);
    header.update(frame, base, CRC_OFFSET);
    header.update(frame, base + BYTES, header.payloadBytes);
    return (int) header.crc.getValue();
  }
}
