package dev.cleave.e2e;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The gRPC messages in what a device sent over one plaintext HTTP/2 connection: DATA frames of each
 * stream joined (RFC 9113, sections 4.1 and 6.1) and cut at gRPC's length prefixes.
 */
final class Http2Messages {
  private static final int PREFACE_BYTES = 24;
  private static final int FRAME_HEADER_BYTES = 9;
  private static final int DATA = 0;
  private static final int PADDED = 8;

  private Http2Messages() {}

  /** The messages of every stream, in the order of their streams. */
  static List<List<byte[]>> of(byte[] connection) {
    Map<Integer, ByteArrayOutputStream> streams = new TreeMap<>();
    ByteBuffer in = ByteBuffer.wrap(connection).position(PREFACE_BYTES);
    while (in.remaining() >= FRAME_HEADER_BYTES) {
      int lengthAndType = in.getInt();
      int flags = in.get();
      int stream = in.getInt();
      byte[] payload = new byte[lengthAndType >>> 8];
      in.get(payload);
      if ((lengthAndType & 0xFF) == DATA) {
        if ((flags & PADDED) != 0) {
          throw new AssertionError("a DATA frame is padded");
        }
        streams.computeIfAbsent(stream, id -> new ByteArrayOutputStream()).writeBytes(payload);
      }
    }
    return streams.values().stream().map(data -> messages(data.toByteArray())).toList();
  }

  private static List<byte[]> messages(byte[] data) {
    List<byte[]> messages = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(data);
    while (in.hasRemaining()) {
      if (in.get() != 0) {
        throw new AssertionError("a message is compressed");
      }
      byte[] message = new byte[in.getInt()];
      in.get(message);
      messages.add(message);
    }
    return messages;
  }
}
