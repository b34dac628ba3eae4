package dev.cleave.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.DeviceMessage;
import dev.cleave.v1.Done;
import dev.cleave.v1.Open;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The methods over a real loopback port, and within the process. */
class GenerateStreamTest {
  private static final int SECONDS = 60;

  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server =
        NettyServerBuilder.forAddress(anyPort)
            .maxInboundMessageSize(WireLimits.TRANSPORT_MESSAGE_BYTES)
            .addService(checksummingService())
            .build()
            .start();
    channel =
        NettyChannelBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()))
            .usePlaintext()
            .build();
  }

  @AfterEach
  void stop() throws InterruptedException {
    channel.shutdownNow();
    server.shutdownNow();
    assertThat(channel.awaitTermination(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(server.awaitTermination(SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void framesArriveAsTheyWereSent() throws Exception {
    exchange(channel);
  }

  @Test
  void framesArriveWithinTheProcess() throws Exception {
    Server local =
        InProcessServerBuilder.forName("generate-stream").addService(checksummingService()).build();
    ManagedChannel direct = InProcessChannelBuilder.forName("generate-stream").build();
    try {
      local.start();
      exchange(direct);
    } finally {
      direct.shutdownNow().awaitTermination(SECONDS, TimeUnit.SECONDS);
      local.shutdownNow().awaitTermination(SECONDS, TimeUnit.SECONDS);
    }
  }

  @Test
  void protobufClientsAreUnderstood() throws Exception {
    MethodDescriptor<DeviceMessage, ServerMessage> generated =
        DecoderMethods.GENERATE.toBuilder(
                ProtoUtils.marshaller(DeviceMessage.getDefaultInstance()),
                DecoderMethods.GENERATE.getResponseMarshaller())
            .build();
    byte[] frame = bytes(1, 20_000);
    Replies replies = new Replies();
    StreamObserver<DeviceMessage> up =
        ClientCalls.asyncBidiStreamingCall(
            channel.newCall(generated, CallOptions.DEFAULT), replies);
    up.onNext(DeviceMessage.newBuilder().setOpen(open()).build());
    up.onNext(DeviceMessage.newBuilder().setHidden(ByteString.copyFrom(frame)).build());
    up.onCompleted();
    List<ServerMessage> messages = replies.all.get(SECONDS, TimeUnit.SECONDS);
    assertThat(messages.get(0).getToken()).isEqualTo(token(ByteBuffer.wrap(frame)));
    assertThat(messages.get(1).getDone().getTokens()).isEqualTo(1);
  }

  @Test
  void badMessagesAreAnsweredAndTheServerGoesOn() throws Exception {
    byte[][] bad = {
      {},
      {0x12, 5, 1},
      {6 << 3 | 2, 0},
      "The patient has".getBytes(StandardCharsets.UTF_8),
      DeviceMessage.newBuilder().setOpen(Open.getDefaultInstance()).build().toByteArray(),
      new byte[WireLimits.MAX_UPLINK_BYTES + 1]
    };
    for (byte[] message : bad) {
      Replies replies = new Replies();
      StreamObserver<byte[]> up = raw(replies);
      up.onNext(message);
      assertThat(replies.all)
          .failsWithin(SECONDS, TimeUnit.SECONDS)
          .withThrowableThat()
          .satisfies(failure -> {
            WireError error = WireStatus.read(failure);
            assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(error.is(WireReason.MALFORMED_MESSAGE)).isTrue();
            assertThat(error.message()).doesNotContain("patient");
          });
    }
    // What is far too long never reaches the service: the transport's own word for it.
    Replies replies = new Replies();
    raw(replies).onNext(new byte[WireLimits.TRANSPORT_MESSAGE_BYTES + 1]);
    assertThat(replies.all)
        .failsWithin(SECONDS, TimeUnit.SECONDS)
        .withThrowableThat()
        .satisfies(failure ->
            assertThat(WireStatus.read(failure).code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
    exchange(channel);
  }

  @Test
  void describeIsUnary() {
    DescribeReply reply =
        ClientCalls.blockingUnaryCall(
            channel,
            DecoderMethods.DESCRIBE,
            CallOptions.DEFAULT,
            DescribeRequest.getDefaultInstance());
    assertThat(reply.getServerName()).isEqualTo("test");
  }

  @Test
  void schemaIsThereForReflection() {
    assertThat(DecoderMethods.serviceDescriptor().getName()).isEqualTo("cleave.v1.Decoder");
    assertThat(DecoderMethods.serviceDescriptor().getMethods())
        .extracting(MethodDescriptor::getFullMethodName)
        .containsExactlyInAnyOrder("cleave.v1.Decoder/Generate", "cleave.v1.Decoder/Describe");
    assertThat(DecoderMethods.serviceDescriptor().getSchemaDescriptor())
        .isInstanceOfSatisfying(
            ProtoFileDescriptorSupplier.class,
            supplier ->
                assertThat(supplier.getFileDescriptor().findServiceByName("Decoder")).isNotNull());
    assertThat(DecoderMethods.GENERATE.getSchemaDescriptor())
        .isInstanceOfSatisfying(
            ProtoMethodDescriptorSupplier.class,
            supplier ->
                assertThat(supplier.getMethodDescriptor().getInputType().getName())
                    .isEqualTo("DeviceMessage"));
  }

  /** Sends at once, before a cold channel has connected: large frames and small ones. */
  private static void exchange(ManagedChannel channel) throws Exception {
    List<ByteBuffer> frames = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      byte[] large = bytes(i, 1 << 20);
      frames.add(
          i % 2 == 0
              ? ByteBuffer.wrap(large)
              : ByteBuffer.allocateDirect(large.length).put(0, large));
    }
    for (int i = 0; i < 1000; i++) {
      frames.add(ByteBuffer.wrap(bytes(i, 1536 + i % 7)));
    }
    Replies replies = new Replies();
    StreamObserver<Uplink> up =
        ClientCalls.asyncBidiStreamingCall(
            channel.newCall(DecoderMethods.GENERATE, CallOptions.DEFAULT), replies);
    up.onNext(new Uplink.OpenSession(open()));
    frames.forEach(frame -> up.onNext(new Uplink.Hidden(frame)));
    up.onNext(new Uplink.EndOfPrompt(frames.size()));
    up.onCompleted();
    List<ServerMessage> messages = replies.all.get(SECONDS, TimeUnit.SECONDS);
    assertThat(messages).hasSize(frames.size() + 1);
    for (int i = 0; i < frames.size(); i++) {
      assertThat(messages.get(i).getToken()).as("frame %d", i).isEqualTo(token(frames.get(i)));
    }
    assertThat(messages.getLast().getDone().getTokens()).isEqualTo(frames.size());
  }

  private StreamObserver<byte[]> raw(Replies replies) {
    MethodDescriptor<byte[], ServerMessage> raw =
        DecoderMethods.GENERATE.toBuilder(
                new RawBytes(), DecoderMethods.GENERATE.getResponseMarshaller())
            .build();
    return ClientCalls.asyncBidiStreamingCall(channel.newCall(raw, CallOptions.DEFAULT), replies);
  }

  private static Open open() {
    return Open.newBuilder().setBundleId(ByteString.copyFrom(new byte[32])).build();
  }

  private static byte[] bytes(long seed, int size) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Says of a frame how long it is and what its checksum is. */
  private static Token token(ByteBuffer frame) {
    CRC32C crc = new CRC32C();
    crc.update(frame.duplicate());
    return Token.newBuilder().setPosition(frame.remaining()).setId((int) crc.getValue()).build();
  }

  private static ServerServiceDefinition checksummingService() {
    return ServerServiceDefinition.builder(DecoderMethods.serviceDescriptor())
        .addMethod(
            DecoderMethods.GENERATE, ServerCalls.asyncBidiStreamingCall(ChecksummingStream::new))
        .addMethod(
            DecoderMethods.DESCRIBE,
            ServerCalls.asyncUnaryCall(
                (DescribeRequest request, StreamObserver<DescribeReply> down) -> {
                  down.onNext(DescribeReply.newBuilder().setServerName("test").build());
                  down.onCompleted();
                }))
        .build();
  }

  private static final class ChecksummingStream implements StreamObserver<Uplink> {
    private final StreamObserver<ServerMessage> down;
    private int frames;
    private boolean refused;

    ChecksummingStream(StreamObserver<ServerMessage> down) {
      this.down = down;
    }

    @Override
    public void onNext(Uplink uplink) {
      switch (uplink) {
        case Uplink.Hidden(ByteBuffer frame) -> {
          frames++;
          down.onNext(ServerMessage.newBuilder().setToken(token(frame)).build());
        }
        case Uplink.Invalid(String reason) -> {
          refused = true;
          down.onError(WireStatus.exception(WireReason.MALFORMED_MESSAGE, reason));
        }
        case Uplink.OpenSession opened -> assertThat(opened.open()).isEqualTo(open());
        case Uplink.EndOfPrompt(int positions) -> assertThat(positions).isEqualTo(frames);
        case Uplink.Step _, Uplink.Cancel _ -> {}
      }
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {
      if (!refused) {
        down.onNext(
            ServerMessage.newBuilder().setDone(Done.newBuilder().setTokens(frames)).build());
        down.onCompleted();
      }
    }
  }
}
