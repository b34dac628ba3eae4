package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.v1.Sampling;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireCodec;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One server takes everything below, one after the other, and goes on. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {

  private static final float[] FOUR = TestServer.prompt(1, 4);
  private static final int WIDTH = FakeDecoderEngine.WIDTH;
  private static final Profile OTHER_PROFILE = TestServer.profile(2);

  private TestServer server = TestServer.start();

  /** What a client sends, and the one answer to it. */
  record Case(String name, WireReason expected, List<Uplink> messages) {
    Case(String name, WireReason expected, Uplink... messages) {
      this(name, expected, List.of(messages));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeAll
  void start() {
    assertThat(server.server.serving()).isTrue();
  }

  @AfterAll
  void stop() {
    server.close();
  }

  static Stream<Case> sessions() {
    Uplink.OpenSession open = TestServer.opening(4, 5);
    Uplink.Hidden all = TestServer.frame(FOUR, 0, HeaderForm.LONG);
    Uplink.EndOfPrompt end = new Uplink.EndOfPrompt(4);
    float[] two = Arrays.copyOf(FOUR, 2 * WIDTH);
    return Stream.of(
        new Case(
            "another bundle",
            WireReason.BUNDLE_MISMATCH,
            opening(b -> b.setBundleId(ByteString.copyFrom(new byte[32])))),
        new Case("no codec", WireReason.CODEC_UNSUPPORTED, opening(b -> b.clearCodec())),
        new Case(
            "a codec of the future",
            WireReason.CODEC_UNSUPPORTED,
            opening(b -> b.setCodecValue(99))),
        new Case(
            "a target for a codec that has none",
            WireReason.CODEC_UNSUPPORTED,
            opening(b -> b.setTargetKind(3).setTargetNumber(9))),
        new Case(
            "a target's number without its kind",
            WireReason.CODEC_UNSUPPORTED,
            opening(b -> b.setTargetNumber(-1))),
        new Case("a rate without a target", WireReason.CODEC_UNSUPPORTED, rate(0, 0)),
        new Case("a target of no known kind", WireReason.CODEC_UNSUPPORTED, rate(9, 16)),
        new Case("a target of kind 2^31", WireReason.CODEC_UNSUPPORTED, rate(1 << 31, 16)),
        new Case("a target of 0 bytes", WireReason.CODEC_UNSUPPORTED, rate(3, 0)),
        new Case("a target beyond all", WireReason.CODEC_UNSUPPORTED, rate(3, (1 << 24) + 1)),
        new Case("a target of 2^32 - 1", WireReason.CODEC_UNSUPPORTED, rate(3, -1)),
        new Case("a target of 16 MiB a position", WireReason.LIMIT_EXCEEDED, rate(3, 1 << 24)),
        new Case("a target above raw states", WireReason.LIMIT_EXCEEDED, rate(3, 4 * WIDTH + 65)),
        new Case(
            "a frame of another target than agreed",
            WireReason.BAD_TENSOR,
            rate(3, 16),
            new Uplink.Hidden(
                TestServer.frameBytes(
                    new StreamSpec(CodecMode.RATE, WIDTH, new RateTarget.BytesPerPosition(17)),
                    FOUR,
                    0,
                    HeaderForm.LONG))),
        new Case(
            "another profile",
            WireReason.PROFILE_MISMATCH,
            asking(new StreamSpec(CodecMode.INT8, WIDTH).withProfile(OTHER_PROFILE))),
        new Case(
            "half of the profile's hash",
            WireReason.PROFILE_MISMATCH,
            opening(b -> b.setProfileHashLow(TestServer.PROFILE.hash().low()))),
        new Case(
            "a frame without the profile that was agreed",
            WireReason.BAD_TENSOR,
            asking(new StreamSpec(CodecMode.INT8, WIDTH).withProfile(TestServer.PROFILE)),
            new Uplink.Hidden(
                TestServer.frameBytes(
                    new StreamSpec(CodecMode.INT8, WIDTH), FOUR, 0, HeaderForm.LONG))),
        new Case("no positions", WireReason.MALFORMED_MESSAGE, TestServer.opening(0, 5)),
        new Case("no tokens", WireReason.MALFORMED_MESSAGE, TestServer.opening(4, 0)),
        new Case("a prompt beyond the limit", WireReason.LIMIT_EXCEEDED, TestServer.opening(65, 5)),
        new Case(
            "a prompt of 2^31 - 1",
            WireReason.LIMIT_EXCEEDED,
            TestServer.opening(Integer.MAX_VALUE, 5)),
        new Case("tokens beyond the limit", WireReason.LIMIT_EXCEEDED, TestServer.opening(4, 201)),
        new Case(
            "logits where they are not allowed",
            WireReason.LOGITS_REFUSED,
            opening(b -> b.setWantLogits(true))),
        new Case(
            "a temperature that is no number",
            WireReason.MALFORMED_MESSAGE,
            opening(b -> b.setSampling(Sampling.newBuilder().setTemperature(Float.NaN)))),
        new Case(
            "a top-p beyond 1",
            WireReason.MALFORMED_MESSAGE,
            opening(b -> b.setSampling(Sampling.newBuilder().setTopP(2)))),
        new Case("a truncated frame", WireReason.BAD_TENSOR, open, truncated(all, 9)),
        new Case("half a header", WireReason.BAD_TENSOR, open, truncated(all, 1000)),
        new Case("a bit flipped in the payload", WireReason.CHECKSUM_MISMATCH, open, flipped(all)),
        new Case("another width", WireReason.BAD_TENSOR, open, ofWidth(WIDTH * 2)),
        new Case(
            "another codec than agreed",
            WireReason.BAD_TENSOR,
            open,
            new Uplink.Hidden(
                TestServer.frameBytes(
                    new StreamSpec(CodecMode.INT8, WIDTH), FOUR, 0, HeaderForm.LONG))),
        new Case(
            "a short header first",
            WireReason.BAD_TENSOR,
            open,
            TestServer.frame(FOUR, 0, HeaderForm.SHORT)),
        new Case(
            "a frame of another place",
            WireReason.BAD_TENSOR,
            open,
            TestServer.frame(two, 1, HeaderForm.LONG)),
        new Case("an infinite value", WireReason.NOT_FINITE, open, with(Float.POSITIVE_INFINITY)),
        new Case("a NaN", WireReason.NOT_FINITE, open, with(Float.NaN)),
        new Case(
            "more positions than announced",
            WireReason.LIMIT_EXCEEDED,
            open,
            all,
            TestServer.frame(two, 4, HeaderForm.SHORT)),
        new Case(
            "more positions than announced in one frame",
            WireReason.LIMIT_EXCEEDED,
            open,
            TestServer.frame(TestServer.prompt(1, 5), 0, HeaderForm.LONG)),
        new Case(
            "fewer positions than EndOfPrompt says",
            WireReason.MESSAGE_ORDER,
            open,
            TestServer.frame(two, 0, HeaderForm.LONG),
            end),
        new Case(
            "more positions than EndOfPrompt says",
            WireReason.MESSAGE_ORDER,
            open,
            all,
            new Uplink.EndOfPrompt(3)),
        new Case("an empty prompt", WireReason.MESSAGE_ORDER, open, new Uplink.EndOfPrompt(0)),
        new Case("a frame before Open", WireReason.MESSAGE_ORDER, all),
        new Case("EndOfPrompt before Open", WireReason.MESSAGE_ORDER, end),
        new Case("Cancel before Open", WireReason.MESSAGE_ORDER, new Uplink.Cancel()),
        new Case("a second Open", WireReason.MESSAGE_ORDER, open, open));
  }

  @ParameterizedTest
  @MethodSource("sessions")
  void isOneDocumentedStatusAndHoldsNothing(Case it) throws Exception {
    double before = server.metric("cleave.rejects", "reason", it.expected().name());
    WireError error = server.call().send(it.messages().toArray(Uplink[]::new)).awaitError();
    assertThat(error.reason()).as(error.message()).isEqualTo(it.expected().name());
    assertThat(error.code()).isEqualTo(it.expected().code());
    server.awaitNothingHeld(TestServer.SLOTS);
    assertThat(server.metric("cleave.rejects", "reason", it.expected().name()))
        .isEqualTo(before + 1);
    assertStillServes();
  }

  @Test
  void theBundleMismatchNamesBothIds() throws Exception {
    WireError error =
        server
            .call()
            .send(opening(b -> b.setBundleId(ByteString.copyFrom(new byte[32]))))
            .awaitError();
    assertThat(error.metadata())
        .containsEntry("served", TestServer.BUNDLE_ID)
        .containsEntry("requested", "00".repeat(32));
  }

  @Test
  void theProfileMismatchNamesBothHashes() throws Exception {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, WIDTH).withProfile(OTHER_PROFILE);
    WireError error = server.call().send(asking(spec)).awaitError();
    assertThat(error.metadata())
        .containsEntry("served", TestServer.PROFILE.hash().toString())
        .containsEntry("requested", OTHER_PROFILE.hash().toString());
    assertThat(error.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
  }

  @Test
  void messagesAfterEndOfPromptAreOutOfOrder() throws Exception {
    server.engine.gateSteps();
    TestCall call = server.generate(FOUR, 50);
    call.awaitOpened();
    call.send(TestServer.frame(FOUR, 4, HeaderForm.SHORT));
    WireError error = call.awaitError();
    server.engine.ungateSteps();
    assertThat(error.reason()).isEqualTo(WireReason.MESSAGE_ORDER.name());
    server.awaitNothingHeld(TestServer.SLOTS);
    assertStillServes();
  }

  @Test
  void aClientThatClosesItsSideEarlyIsRefused() throws Exception {
    TestCall call = server.call().send(TestServer.opening(4, 5));
    call.awaitOpened();
    call.halfClose();
    assertThat(call.awaitError().reason()).isEqualTo(WireReason.MESSAGE_ORDER.name());
    server.awaitNothingHeld(TestServer.SLOTS);
  }

  @Test
  void bytesThatAreNoMessageAreRefused() throws Exception {
    for (byte[] bytes : new byte[][] {{}, {1}, {-1, -1, -1, -1}, {10, 3, 8, 8, 8}}) {
      assertThat(rawCall(bytes)).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
    server.awaitNothingHeld(TestServer.SLOTS);
    assertStillServes();
  }

  @Test
  void aMessageBeyondTheTransportsLimitIsRefusedUnread() throws Exception {
    assertThat(rawCall(new byte[9 << 20])).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    server.awaitNothingHeld(TestServer.SLOTS);
    assertStillServes();
  }

  private void assertStillServes() throws Exception {
    TestCall call = server.generate(FOUR, 5);
    call.awaitOpened();
    assertThat(call.awaitAnswer().ids()).containsExactly(TestServer.alone(FOUR, 5));
  }

  /** Sends bytes as they are, as a client of another making might. */
  private Status.Code rawCall(byte[] message) throws Exception {
    MethodDescriptor.Marshaller<byte[]> plain =
        new MethodDescriptor.Marshaller<>() {
          @Override
          public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
          }

          @Override
          public byte[] parse(InputStream stream) {
            return new byte[0];
          }
        };
    ClientCall<byte[], byte[]> call =
        server.channel.newCall(
            MethodDescriptor.newBuilder(plain, plain)
                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                .setFullMethodName(DecoderMethods.GENERATE.getFullMethodName())
                .build(),
            CallOptions.DEFAULT);
    CompletableFuture<Status.Code> closed = new CompletableFuture<>();
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            closed.complete(status.getCode());
          }
        },
        new Metadata());
    call.request(10);
    call.sendMessage(message);
    return closed.get(20, TimeUnit.SECONDS);
  }

  private static Uplink.OpenSession opening(
      java.util.function.UnaryOperator<dev.cleave.v1.Open.Builder> change) {
    return new Uplink.OpenSession(change.apply(TestServer.open(4, 5)).build());
  }

  private static Uplink.OpenSession rate(int targetKind, int targetNumber) {
    return opening(b ->
        b.setCodec(dev.cleave.v1.CodecMode.RATE)
            .setTargetKind(targetKind)
            .setTargetNumber(targetNumber));
  }

  private static Uplink.OpenSession asking(StreamSpec spec) {
    return opening(b -> WireCodec.of(spec).putInto(b));
  }

  private static Uplink.Hidden truncated(Uplink.Hidden whole, int bytes) {
    ByteBuffer frame = whole.frame();
    return new Uplink.Hidden(frame.slice(0, Math.max(5, frame.limit() - bytes)));
  }

  private static Uplink.Hidden flipped(Uplink.Hidden whole) {
    ByteBuffer copy = ByteBuffer.allocate(whole.frame().remaining());
    copy.put(whole.frame().duplicate()).flip();
    int last = copy.limit() - 3;
    copy.put(last, (byte) (copy.get(last) ^ 0x10));
    return new Uplink.Hidden(copy);
  }

  private static Uplink.Hidden ofWidth(int width) {
    StreamSpec wide = new StreamSpec(CodecMode.RAW_F32, width);
    return new Uplink.Hidden(TestServer.frameBytes(wide, FOUR, 0, HeaderForm.LONG));
  }

  private static Uplink.Hidden with(float value) {
    float[] values = FOUR.clone();
    values[17] = value;
    return TestServer.frame(values, 0, HeaderForm.LONG);
  }
}
