package dev.cleave.bench.chaos.hostile;

import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireStatus;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A Generate call whose messages are whatever bytes one likes. It takes a few answers and hangs up.
 */
final class RawStream extends ClientCall.Listener<byte[]> {
  /** Of the caller: a server that has not ended a stream by then has left it hanging. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final int ANSWERS = 6;
  private static final MethodDescriptor<byte[], byte[]> METHOD =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
          .setFullMethodName(DecoderMethods.GENERATE.getFullMethodName())
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private final ClientCall<byte[], byte[]> call;
  private final Consumer<WireError> atEnd;
  private int answers;

  private RawStream(ClientCall<byte[], byte[]> call, Consumer<WireError> atEnd) {
    this.call = call;
    this.atEnd = atEnd;
  }

  /**
   * Begins a stream and sends all there is.
   *
   * @param halfClose whether the stream's end is sent too
   * @param atEnd gets the status once, with code CANCELLED where the answers were enough
   * @return the call, for whoever wants to do more with it
   */
  static ClientCall<byte[], byte[]> begin(
      Channel channel, List<byte[]> messages, boolean halfClose, Consumer<WireError> atEnd) {
    ClientCall<byte[], byte[]> call =
        channel.newCall(
            METHOD,
            CallOptions.DEFAULT.withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
    call.start(new RawStream(call, atEnd), new Metadata());
    call.request(ANSWERS);
    messages.forEach(call::sendMessage);
    if (halfClose) {
      call.halfClose();
    }
    return call;
  }

  @Override
  public void onMessage(byte[] message) {
    answers++;
    if (answers == ANSWERS) {
      call.cancel("that is enough", null);
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    atEnd.accept(
        status.isOk()
            ? new WireError(
                Status.Code.CANCELLED, "DONE", "", java.util.Map.of(), java.util.Optional.empty())
            : WireStatus.read(status.asRuntimeException(trailers)));
  }
}
