package dev.cleave.codec;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The header of the frame being written or read, either form. One per encoder or decoder, so that
 * frames cost no memory; confined like its owner.
 */
final class Header {
  final CRC32C crc = new CRC32C();

  /** What short frames' checksums start with; that of the stream. */
  final byte[] agreement;

  StreamSpec spec;
  HeaderForm form = HeaderForm.LONG;
  int startPosition;
  int positions;
  int payloadBytes;
  int stepIndex;
  int lanes;

  Header(StreamSpec spec) {
    this.spec = spec;
    this.agreement = ShortHeader.agreement(spec);
  }

  FrameInfo info() {
    return new FrameInfo(spec, form, startPosition, positions, payloadBytes);
  }

  /** Runs the checksum on over a part of a buffer, whose position and limit stay. */
  void update(ByteBuffer bytes, int offset, int length) {
    int position = bytes.position();
    int limit = bytes.limit();
    bytes.limit(offset + length).position(offset);
    crc.update(bytes);
    bytes.limit(limit).position(position);
  }
}
