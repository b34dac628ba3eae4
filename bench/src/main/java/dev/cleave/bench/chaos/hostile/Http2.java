package dev.cleave.bench.chaos.hostile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** HTTP/2 by hand (RFC 9113), for frames that no library would send. */
final class Http2 {
  static final byte[] PREFACE = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;

  private static final int FRAME_HEADER_BYTES = 9;
  private static final int MOST_TYPES = 12;
  private static final int MOST_PAYLOAD = 400;
  private static final int INITIAL_WINDOW_SIZE = 4;

  private Http2() {}

  /** A frame that says how long it is. */
  static byte[] frame(int type, int flags, int stream, byte[] payload) {
    return frame(payload.length, type, flags, stream, payload);
  }

  /** A frame that says any length. */
  static byte[] frame(int length, int type, int flags, int stream, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(FRAME_HEADER_BYTES + payload.length);
    frame.put((byte) (length >> 16)).put((byte) (length >> 8)).put((byte) length);
    frame.put((byte) type).put((byte) flags).putInt(stream).put(payload);
    return frame.array();
  }

  /** Preface and empty settings. */
  static byte[] opening() {
    return join(PREFACE, frame(SETTINGS, 0, 0, new byte[0]));
  }

  /** Preface and settings that allow the server to send not one byte of data. */
  static byte[] openingWithoutWindow() {
    byte[] setting = ByteBuffer.allocate(6).putShort((short) INITIAL_WINDOW_SIZE).putInt(0).array();
    return join(PREFACE, frame(SETTINGS, 0, 0, setting));
  }

  /** What a gRPC call begins with, and one header more. */
  static byte[] headers(String path, String name, String value) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    block.write(0x83); // :method POST
    block.write(0x86); // :scheme http
    literal(block, 0x04, "", path); // :path
    literal(block, 0x01, "", "127.0.0.1"); // :authority
    literal(block, 0, "content-type", "application/grpc");
    literal(block, 0, "te", "trailers");
    if (!name.isEmpty()) {
      literal(block, 0, name, value);
    }
    return block.toByteArray();
  }

  /** A message as gRPC frames it. */
  static byte[] message(int length, byte[] bytes) {
    return ByteBuffer.allocate(5 + bytes.length).put((byte) 0).putInt(length).put(bytes).array();
  }

  /** A frame whose header parses and whose rest is chance. */
  static byte[] randomFrame(SplittableRandom random) {
    byte[] payload = new byte[random.nextInt(MOST_PAYLOAD)];
    random.nextBytes(payload);
    int length = random.nextInt(8) == 0 ? random.nextInt(1 << 24) : payload.length;
    int stream = random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(6);
    return frame(length, random.nextInt(MOST_TYPES), random.nextInt(64), stream, payload);
  }

  static byte[] join(byte[] one, byte[] other) {
    return ByteBuffer.allocate(one.length + other.length).put(one).put(other).array();
  }

  /** A header field that is not to be remembered (RFC 7541, 6.2.2), without Huffman. */
  private static void literal(ByteArrayOutputStream block, int index, String name, String value) {
    block.write(index);
    if (index == 0) {
      string(block, name);
    }
    string(block, value);
  }

  private static void string(ByteArrayOutputStream block, String text) {
    int length = text.length();
    if (length < 127) {
      block.write(length);
    } else {
      block.write(127);
      for (length -= 127; length >= 128; length >>= 7) {
        block.write((length & 127) | 128);
      }
      block.write(length);
    }
    block.writeBytes(ascii(text));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
