package dev.cleave.codec;

import dev.cleave.codec.MalformedFrame.Fault;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The self-contained header. Little endian, fixed width, all reserved bits zero:
 *
 * <pre>
 *     0               1               2               3
 *    +---------------+---------------+---------------+---------------+
 *  0 |  magic: 'C' 'L' 'V' 'F'                                       |
 *    +---------------+---------------+---------------+---------------+
 *  4 |  version = 1  | header bytes  |  mode         |  reserved     |
 *    +---------------+---------------+---------------+---------------+
 *  8 | source dtype  | payload dtype |  quantiser step index         |
 *    +---------------+---------------+---------------+---------------+
 * 12 |  rANS lanes   |  reserved                                     |
 *    +---------------+-----------------------------------------------+
 * 16 |  positions                                                    |
 *    +---------------------------------------------------------------+
 * 20 |  width                                                        |
 *    +---------------------------------------------------------------+
 * 24 |  start position                                               |
 *    +---------------------------------------------------------------+
 * 28 |  payload bytes                                                |
 *    +---------------------------------------------------------------+
 * 32 |  profile hash, 16 bytes                                       |
 *    |                                                               |
 *    |                                                               |
 *    |                                                               |
 *    +---------------------------------------------------------------+
 * 48 |  reserved, 8 bytes                                            |
 *    |                                                               |
 *    +---------------------------------------------------------------+
 * 56 |  CRC32C of the payload                                        |
 *    +---------------------------------------------------------------+
 * 60 |  CRC32C of bytes 0 to 59                                      |
 *    +---------------------------------------------------------------+
 * </pre>
 *
 * <p>Step index, lanes and profile hash belong to modes to come and are zero in those of today.
 */
final class LongHeader {
  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 4;
  static final int HEADER_BYTES_OFFSET = 5;
  static final int MODE_OFFSET = 6;
  static final int FLAGS_OFFSET = 7;
  static final int SOURCE_DTYPE_OFFSET = 8;
  static final int PAYLOAD_DTYPE_OFFSET = 9;
  static final int STEP_INDEX_OFFSET = 10;
  static final int LANES_OFFSET = 12;
  static final int RESERVED_OFFSET = 13;
  static final int POSITIONS_OFFSET = 16;
  static final int WIDTH_OFFSET = 20;
  static final int START_POSITION_OFFSET = 24;
  static final int PAYLOAD_BYTES_OFFSET = 28;
  static final int PROFILE_HASH_OFFSET = 32;
  static final int RESERVED_TAIL_OFFSET = 48;
  static final int PAYLOAD_CRC_OFFSET = 56;
  static final int HEADER_CRC_OFFSET = 60;
  static final int BYTES = 64;

  static final int MAGIC = 'C' | ('L' << 8) | ('V' << 16) | ('F' << 24);
  static final int VERSION = 1;
  static final int SOURCE_F32 = 1;

  private LongHeader() {}

  /** Writes the header of a frame whose payload already lies behind it in {@code frame}. */
  static void write(ByteBuffer frame, FrameInfo info) {
    for (int offset = 0; offset < BYTES; offset += Long.BYTES) {
      frame.putLong(offset, 0);
    }
    frame.putInt(MAGIC_OFFSET, MAGIC);
    frame.put(VERSION_OFFSET, (byte) VERSION);
    frame.put(HEADER_BYTES_OFFSET, (byte) BYTES);
    frame.put(MODE_OFFSET, (byte) info.spec().mode().wireNumber());
    frame.put(SOURCE_DTYPE_OFFSET, (byte) SOURCE_F32);
    frame.put(PAYLOAD_DTYPE_OFFSET, (byte) info.spec().mode().payloadDtype());
    frame.putInt(POSITIONS_OFFSET, info.positions());
    frame.putInt(WIDTH_OFFSET, info.spec().width());
    frame.putInt(START_POSITION_OFFSET, info.startPosition());
    frame.putInt(PAYLOAD_BYTES_OFFSET, info.payloadBytes());
    frame.putInt(PAYLOAD_CRC_OFFSET, crc(frame, BYTES, info.payloadBytes()));
    frame.putInt(HEADER_CRC_OFFSET, crc(frame, 0, HEADER_CRC_OFFSET));
  }

  /** Reads and checks the header alone; sizes are not yet held against limits or the frame. */
  static FrameInfo read(ByteBuffer frame) {
    if (frame.limit() < BYTES) {
      throw new MalformedFrame(
          Fault.LENGTH, frame.limit(), "header of " + BYTES + " bytes is cut off");
    }
    if (frame.getInt(MAGIC_OFFSET) != MAGIC) {
      throw header(MAGIC_OFFSET, "magic is " + Integer.toHexString(frame.getInt(MAGIC_OFFSET)));
    }
    // The version comes before the checksum: only it says where the checksum of a later one is.
    require(frame, VERSION_OFFSET, VERSION, "version");
    require(frame, HEADER_BYTES_OFFSET, BYTES, "header length");
    if (crc(frame, 0, HEADER_CRC_OFFSET) != frame.getInt(HEADER_CRC_OFFSET)) {
      throw new MalformedFrame(Fault.CHECKSUM, HEADER_CRC_OFFSET, "header checksum differs");
    }
    int number = Byte.toUnsignedInt(frame.get(MODE_OFFSET));
    CodecMode mode =
        CodecMode.ofWireNumber(number)
            .orElseThrow(() -> header(MODE_OFFSET, "mode " + number + " is not known"));
    require(frame, SOURCE_DTYPE_OFFSET, SOURCE_F32, "source dtype");
    require(frame, PAYLOAD_DTYPE_OFFSET, mode.payloadDtype(), "payload dtype");
    require(frame, FLAGS_OFFSET, 0, "reserved byte");
    for (int offset = STEP_INDEX_OFFSET; offset < POSITIONS_OFFSET; offset++) {
      require(frame, offset, 0, "byte reserved in this mode");
    }
    for (int offset = PROFILE_HASH_OFFSET; offset < PAYLOAD_CRC_OFFSET; offset++) {
      require(frame, offset, 0, "byte reserved in this mode");
    }
    int width = frame.getInt(WIDTH_OFFSET);
    if (width < 1 || width > StreamSpec.MAX_WIDTH) {
      throw header(WIDTH_OFFSET, "width is " + Integer.toUnsignedLong(width));
    }
    return new FrameInfo(
        new StreamSpec(mode, width),
        HeaderForm.LONG,
        frame.getInt(START_POSITION_OFFSET),
        frame.getInt(POSITIONS_OFFSET),
        frame.getInt(PAYLOAD_BYTES_OFFSET));
  }

  /** Holds the payload, whose length has been checked, against its checksum. */
  static void checkPayload(ByteBuffer frame, FrameInfo info) {
    if (crc(frame, BYTES, info.payloadBytes()) != frame.getInt(PAYLOAD_CRC_OFFSET)) {
      throw new MalformedFrame(Fault.CHECKSUM, PAYLOAD_CRC_OFFSET, "payload checksum differs");
    }
  }

  private static void require(ByteBuffer frame, int offset, int expected, String what) {
    int value = Byte.toUnsignedInt(frame.get(offset));
    if (value != expected) {
      throw header(offset, "%s is %d and must be %d".formatted(what, value, expected));
    }
  }

  private static MalformedFrame header(int offset, String message) {
    return new MalformedFrame(Fault.HEADER, offset, message);
  }

  private static int crc(ByteBuffer frame, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(frame.slice(offset, length));
    return (int) crc.getValue();
  }
}
