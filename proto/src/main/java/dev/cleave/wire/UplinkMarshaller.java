package dev.cleave.wire;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import dev.cleave.v1.Cancel;
import dev.cleave.v1.DeviceMessage;
import dev.cleave.v1.EndOfPrompt;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * Writes and reads {@code DeviceMessage} as protocol buffers without an object between frame and
 * transport. Thread-safe.
 *
 * <p>Outbound a frame goes from its buffer into the transport's, once. Inbound it goes from the
 * transport's pieces into one array, once. (HTTP/2 cuts a frame into pieces of 16 KiB which a
 * decoder would have to join anyhow, and detached pieces would tie a session to the release of the
 * transport's memory; so Detachable is left alone.)
 */
final class UplinkMarshaller implements Marshaller<Uplink> {

  @Override
  public InputStream stream(Uplink uplink) {
    return switch (uplink) {
      case Uplink.Hidden hidden ->
          frame(DeviceMessage.HIDDEN_FIELD_NUMBER, hidden.frame().duplicate());
      case Uplink.Step step -> frame(DeviceMessage.STEP_FIELD_NUMBER, step.frame().duplicate());
      case Uplink.OpenSession opening -> control(DeviceMessage.OPEN_FIELD_NUMBER, opening.open());
      case Uplink.EndOfPrompt end ->
          control(
              DeviceMessage.END_OF_PROMPT_FIELD_NUMBER,
              EndOfPrompt.newBuilder().setPositions(end.positions()).build());
      case Uplink.Cancel() ->
          control(DeviceMessage.CANCEL_FIELD_NUMBER, Cancel.getDefaultInstance());
      case Uplink.Invalid invalid ->
          throw new IllegalArgumentException("an invalid message is never sent: " + invalid);
    };
  }

  @Override
  public Uplink parse(InputStream stream) {
    try {
      InputStream in = stream;
      // Without a known length the transport has decompressed: bounded like all else.
      if (!(stream instanceof KnownLength)) {
        in = new ByteArrayInputStream(stream.readNBytes(WireLimits.MAX_UPLINK_BYTES + 1));
      }
      return UplinkParser.parse(in, in.available());
    } catch (IOException failure) {
      throw Status.INTERNAL
          .withDescription("reading a device message failed")
          .withCause(failure)
          .asRuntimeException();
    }
  }

  private static UplinkStream frame(int field, ByteBuffer frame) {
    return new UplinkStream(head(field, frame.remaining()), frame);
  }

  private static UplinkStream control(int field, MessageLite message) {
    byte[] body = message.toByteArray();
    return new UplinkStream(head(field, body.length), ByteBuffer.wrap(body));
  }

  private static byte[] head(int field, int length) {
    byte[] head =
        new byte
            [CodedOutputStream.computeTagSize(field)
                + CodedOutputStream.computeUInt32SizeNoTag(length)];
    CodedOutputStream out = CodedOutputStream.newInstance(head);
    try {
      out.writeUInt32NoTag(UplinkParser.tag(field));
      out.writeUInt32NoTag(length);
      out.checkNoSpaceLeft();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return head;
  }
}
