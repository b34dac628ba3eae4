package dev.cleave.codec;

import dev.cleave.codec.MalformedFrame.Fault;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RateTarget;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

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
 * 48 |  target kind  |  reserved                                     |
 *    +---------------+-----------------------------------------------+
 * 52 |  target number                                                |
 *    +---------------------------------------------------------------+
 * 56 |  CRC32C of the payload                                        |
 *    +---------------------------------------------------------------+
 * 60 |  CRC32C of bytes 0 to 59                                      |
 *    +---------------------------------------------------------------+
 * </pre>
 *
 * <p>Step index, lanes and target are zero in modes that have none, the hash where no profile is
 * used.
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
  static final int TARGET_KIND_OFFSET = 48;
  static final int RESERVED_TAIL_OFFSET = 49;
  static final int TARGET_NUMBER_OFFSET = 52;
  static final int PAYLOAD_CRC_OFFSET = 56;
  static final int HEADER_CRC_OFFSET = 60;
  static final int BYTES = 64;

  static final int MAGIC = 'C' | ('L' << 8) | ('V' << 16) | ('F' << 24);
  static final int VERSION = 1;
  static final int SOURCE_F32 = 1;

  private LongHeader() {}

  /** Writes the header of a frame whose payload already lies behind it. */
  static void write(ByteBuffer frame, int base, Header header) {
    for (int offset = 0; offset < BYTES; offset += Long.BYTES) {
      frame.putLong(base + offset, 0);
    }
    StreamSpec spec = header.spec;
    frame.putInt(base + MAGIC_OFFSET, MAGIC);
    frame.put(base + VERSION_OFFSET, (byte) VERSION);
    frame.put(base + HEADER_BYTES_OFFSET, (byte) BYTES);
    frame.put(base + MODE_OFFSET, (byte) spec.mode().wireNumber());
    frame.put(base + SOURCE_DTYPE_OFFSET, (byte) SOURCE_F32);
    frame.put(base + PAYLOAD_DTYPE_OFFSET, (byte) spec.mode().payloadDtype());
    frame.putShort(base + STEP_INDEX_OFFSET, (short) header.stepIndex);
    frame.put(base + LANES_OFFSET, (byte) header.lanes);
    frame.putInt(base + POSITIONS_OFFSET, header.positions);
    frame.putInt(base + WIDTH_OFFSET, spec.width());
    frame.putInt(base + START_POSITION_OFFSET, header.startPosition);
    frame.putInt(base + PAYLOAD_BYTES_OFFSET, header.payloadBytes);
    spec.profile().write(frame, base + PROFILE_HASH_OFFSET);
    RateTarget target = spec.target();
    if (target != null) {
      frame.put(base + TARGET_KIND_OFFSET, (byte) target.kind());
      frame.putInt(base + TARGET_NUMBER_OFFSET, target.number());
    }
    frame.putInt(base + PAYLOAD_CRC_OFFSET, crc(frame, base + BYTES, header.payloadBytes, header));
    frame.putInt(base + HEADER_CRC_OFFSET, crc(frame, base, HEADER_CRC_OFFSET, header));
  }

  /**
   * Reads and checks the header alone; sizes, lanes and step index are not yet held against limits,
   * the mode or the frame.
   */
  static void read(ByteBuffer frame, int base, int frameBytes, Header header) {
    if (frameBytes < BYTES) {
      throw new MalformedFrame(
          Fault.LENGTH, frameBytes, "header of " + BYTES + " bytes is cut off");
    }
    if (frame.getInt(base + MAGIC_OFFSET) != MAGIC) {
      throw header(
          MAGIC_OFFSET, "magic is " + Integer.toHexString(frame.getInt(base + MAGIC_OFFSET)));
    }
    // The version comes before the checksum: only it says where the checksum of a later one is.
    require(frame, base, VERSION_OFFSET, VERSION, "version");
    require(frame, base, HEADER_BYTES_OFFSET, BYTES, "header length");
    if (crc(frame, base, HEADER_CRC_OFFSET, header) != frame.getInt(base + HEADER_CRC_OFFSET)) {
      throw new MalformedFrame(Fault.CHECKSUM, HEADER_CRC_OFFSET, "header checksum differs");
    }
    require(frame, base, SOURCE_DTYPE_OFFSET, SOURCE_F32, "source dtype");
    require(frame, base, FLAGS_OFFSET, 0, "reserved byte");
    for (int offset = RESERVED_OFFSET; offset < POSITIONS_OFFSET; offset++) {
      require(frame, base, offset, 0, "reserved byte");
    }
    for (int offset = RESERVED_TAIL_OFFSET; offset < TARGET_NUMBER_OFFSET; offset++) {
      require(frame, base, offset, 0, "reserved byte");
    }
    header.form = HeaderForm.LONG;
    header.spec = spec(frame, base);
    header.startPosition = frame.getInt(base + START_POSITION_OFFSET);
    header.positions = frame.getInt(base + POSITIONS_OFFSET);
    header.payloadBytes = frame.getInt(base + PAYLOAD_BYTES_OFFSET);
    header.stepIndex = Short.toUnsignedInt(frame.getShort(base + STEP_INDEX_OFFSET));
    header.lanes = Byte.toUnsignedInt(frame.get(base + LANES_OFFSET));
  }

  private static StreamSpec spec(ByteBuffer frame, int base) {
    int number = Byte.toUnsignedInt(frame.get(base + MODE_OFFSET));
    CodecMode mode =
        CodecMode.ofWireNumber(number)
            .orElseThrow(() -> header(MODE_OFFSET, "mode " + number + " is not known"));
    require(frame, base, PAYLOAD_DTYPE_OFFSET, mode.payloadDtype(), "payload dtype");
    int width = frame.getInt(base + WIDTH_OFFSET);
    if (width < 1 || width > StreamSpec.MAX_WIDTH) {
      throw header(WIDTH_OFFSET, "width is " + Integer.toUnsignedLong(width));
    }
    return new StreamSpec(
        mode,
        width,
        target(frame, base, mode),
        ProfileHash.read(frame, base + PROFILE_HASH_OFFSET));
  }

  private static @Nullable RateTarget target(ByteBuffer frame, int base, CodecMode mode) {
    int kind = Byte.toUnsignedInt(frame.get(base + TARGET_KIND_OFFSET));
    int number = frame.getInt(base + TARGET_NUMBER_OFFSET);
    if (mode.hasTarget()) {
      return RateTarget.of(kind, number)
          .orElseThrow(() ->
              header(
                  TARGET_KIND_OFFSET,
                  "target %d of %d is not known".formatted(kind, Integer.toUnsignedLong(number))));
    }
    if (kind != 0 || number != 0) {
      throw header(kind != 0 ? TARGET_KIND_OFFSET : TARGET_NUMBER_OFFSET, mode + " has no target");
    }
    return null;
  }

  /** Holds the payload, whose length has been checked, against its checksum. */
  static void checkPayload(ByteBuffer frame, int base, Header header) {
    int crc = crc(frame, base + BYTES, header.payloadBytes, header);
    if (crc != frame.getInt(base + PAYLOAD_CRC_OFFSET)) {
      throw new MalformedFrame(Fault.CHECKSUM, PAYLOAD_CRC_OFFSET, "payload checksum differs");
    }
  }

  private static void require(ByteBuffer frame, int base, int offset, int expected, String what) {
    int value = Byte.toUnsignedInt(frame.get(base + offset));
    if (value != expected) {
      throw header(offset, "%s is %d and must be %d".formatted(what, value, expected));
    }
  }

  private static MalformedFrame header(int offset, String message) {
    return new MalformedFrame(Fault.HEADER, offset, message);
  }

  private static int crc(ByteBuffer frame, int offset, int length, Header header) {
    header.crc.reset();
    header.update(frame, offset, length);
    return (int) header.crc.getValue();
  }
}
