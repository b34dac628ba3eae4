package dev.cleave.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.WireFormat;
import dev.cleave.v1.Cancel;
import dev.cleave.v1.DeviceMessage;
import dev.cleave.v1.EndOfPrompt;
import dev.cleave.v1.Open;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Reads one {@code DeviceMessage}, stricter than protocol buffers are: exactly one field, and in it
 * nothing that this version does not know or that would not be read. What a general parser skips is
 * room for text that no check of the schema sees.
 */
final class UplinkParser {
  private UplinkParser() {}

  /**
   * Reads the message of {@code length} bytes that {@code in} holds.
   *
   * @return {@link Uplink.Invalid} for whatever is not one of the others
   */
  static Uplink parse(InputStream in, int length) throws IOException {
    if (length == 0) {
      return new Uplink.Invalid("message is not set");
    }
    if (length > WireLimits.MAX_UPLINK_BYTES) {
      return new Uplink.Invalid(
          "message has %d bytes, at most %d are taken"
              .formatted(length, WireLimits.MAX_UPLINK_BYTES));
    }
    int tag = in.read();
    int bodyLength = readVarint(in);
    if (bodyLength < 0) {
      return new Uplink.Invalid("length of the field is cut off or too large");
    }
    int rest = in.available();
    if (bodyLength != rest) {
      return new Uplink.Invalid(
          "field has %d bytes, %d follow: a message holds exactly one field"
              .formatted(bodyLength, rest));
    }
    boolean step = tag == tag(DeviceMessage.STEP_FIELD_NUMBER);
    if (step || tag == tag(DeviceMessage.HIDDEN_FIELD_NUMBER)) {
      if (bodyLength > WireLimits.MAX_FRAME_BYTES) {
        return new Uplink.Invalid("frame has " + bodyLength + " bytes");
      }
      ByteBuffer frame = ByteBuffer.wrap(readFully(in, bodyLength));
      return step ? new Uplink.Step(frame) : new Uplink.Hidden(frame);
    }
    if (bodyLength > WireLimits.MAX_CONTROL_BYTES) {
      return new Uplink.Invalid("control message has " + bodyLength + " bytes");
    }
    try {
      return control(tag, readFully(in, bodyLength));
    } catch (InvalidProtocolBufferException malformed) {
      return new Uplink.Invalid("message does not parse");
    } catch (IllegalArgumentException refused) {
      return new Uplink.Invalid(String.valueOf(refused.getMessage()));
    }
  }

  /** The tag byte of a length-delimited field; all fields of the message are below 16. */
  static int tag(int field) {
    return (field << 3) | WireFormat.WIRETYPE_LENGTH_DELIMITED;
  }

  private static Uplink control(int tag, byte[] body) throws InvalidProtocolBufferException {
    if (tag == tag(DeviceMessage.OPEN_FIELD_NUMBER)) {
      Open open = strict(Open.parser(), body);
      requireKnown(open.getUnknownFields());
      requireKnown(open.getSampling().getUnknownFields());
      return new Uplink.OpenSession(open);
    }
    if (tag == tag(DeviceMessage.END_OF_PROMPT_FIELD_NUMBER)) {
      EndOfPrompt end = strict(EndOfPrompt.parser(), body);
      requireKnown(end.getUnknownFields());
      return new Uplink.EndOfPrompt(end.getPositions());
    }
    if (tag == tag(DeviceMessage.CANCEL_FIELD_NUMBER)) {
      requireKnown(strict(Cancel.parser(), body).getUnknownFields());
      return new Uplink.Cancel();
    }
    throw new IllegalArgumentException("message is of no known kind");
  }

  /** Parses what a writer would write again: no field twice, none with its default spelled out. */
  private static <T extends MessageLite> T strict(Parser<T> parser, byte[] body)
      throws InvalidProtocolBufferException {
    T message = parser.parseFrom(body);
    if (message.getSerializedSize() != body.length) {
      throw new IllegalArgumentException("message repeats a field or is not in its shortest form");
    }
    return message;
  }

  private static void requireKnown(UnknownFieldSet unknown) {
    if (!unknown.asMap().isEmpty()) {
      throw new IllegalArgumentException(
          "message has the unknown field " + unknown.asMap().keySet().iterator().next());
    }
  }

  /** An unsigned 32-bit varint, or -1 when it is cut off or does not fit an int. */
  private static int readVarint(InputStream in) throws IOException {
    long value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int b = in.read();
      if (b < 0) {
        return -1;
      }
      value |= (b & 0x7FL) << shift;
      if (b < 0x80) {
        return value > Integer.MAX_VALUE ? -1 : (int) value;
      }
    }
    return -1;
  }

  private static byte[] readFully(InputStream in, int length) throws IOException {
    byte[] bytes = new byte[length];
    int read = in.readNBytes(bytes, 0, length);
    if (read != length) {
      throw new IOException("message ended after " + read + " of " + length + " bytes");
    }
    return bytes;
  }
}
