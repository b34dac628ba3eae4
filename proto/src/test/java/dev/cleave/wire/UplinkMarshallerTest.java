package dev.cleave.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.cleave.v1.Cancel;
import dev.cleave.v1.CodecMode;
import dev.cleave.v1.DeviceMessage;
import dev.cleave.v1.EndOfPrompt;
import dev.cleave.v1.Open;
import dev.cleave.v1.Sampling;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class UplinkMarshallerTest {
  private static final UplinkMarshaller MARSHALLER = new UplinkMarshaller();
  private static final Open OPEN =
      Open.newBuilder()
          .setBundleId(ByteString.copyFrom(new byte[32]))
          .setCodec(CodecMode.INT8)
          .setPromptPositions(300)
          .setMaxNewTokens(64)
          .setSampling(Sampling.newBuilder().setTemperature(0.7f).setTopK(40).setSeed(-1))
          .setIgnoreEos(true)
          .setTargetKind(3)
          .setTargetNumber(240)
          .setProfileHashHigh(Long.MIN_VALUE + 5)
          .setProfileHashLow(-7)
          .build();

  /** A message of ours beside the one that protobuf makes. */
  record Pair(Uplink uplink, DeviceMessage message) {}

  static Stream<Pair> controls() {
    return Stream.of(
        new Pair(new Uplink.OpenSession(OPEN), DeviceMessage.newBuilder().setOpen(OPEN).build()),
        new Pair(new Uplink.EndOfPrompt(0), end(0)),
        new Pair(new Uplink.EndOfPrompt(1), end(1)),
        new Pair(new Uplink.EndOfPrompt(Integer.MAX_VALUE), end(Integer.MAX_VALUE)),
        new Pair(
            new Uplink.Cancel(),
            DeviceMessage.newBuilder().setCancel(Cancel.getDefaultInstance()).build()));
  }

  @ParameterizedTest
  @MethodSource("controls")
  void controlMessagesAreProtobuf(Pair pair) throws IOException {
    assertThat(drained(pair.uplink())).containsExactly(pair.message().toByteArray());
    assertThat(read(pair.uplink())).containsExactly(pair.message().toByteArray());
    assertThat(parse(pair.message().toByteArray())).isEqualTo(pair.uplink());
    assertThat(MARSHALLER.parse(new ByteArrayInputStream(pair.message().toByteArray())))
        .as("without a known length")
        .isEqualTo(pair.uplink());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 128, 1536, 16383, 16384, 40_000, 1 << 20, 4 << 20})
  void framesAreProtobuf(int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    byte[] expected =
        DeviceMessage.newBuilder().setHidden(ByteString.copyFrom(bytes)).build().toByteArray();
    byte[] padded = new byte[size + 12];
    System.arraycopy(bytes, 0, padded, 5, size);
    ByteBuffer heap = ByteBuffer.wrap(padded, 5, size);
    ByteBuffer slice = ByteBuffer.wrap(padded, 3, size + 2).slice().position(2);
    ByteBuffer direct =
        ByteBuffer.allocateDirect(size + 9).put(7, bytes).position(7).limit(size + 7);
    for (ByteBuffer frame :
        new ByteBuffer[] {
          heap, slice, direct, heap.asReadOnlyBuffer(), direct.asReadOnlyBuffer()
        }) {
      int position = frame.position();
      Uplink uplink = new Uplink.Hidden(frame);
      assertThat(Arrays.equals(drained(uplink), expected)).isTrue();
      assertThat(Arrays.equals(read(uplink), expected)).as("a second time").isTrue();
      assertThat(frame.position()).isEqualTo(position);
    }
    assertThat(parse(expected)).isEqualTo(new Uplink.Hidden(ByteBuffer.wrap(bytes)));
    assertThat(DeviceMessage.parseFrom(expected).getHidden().size()).isEqualTo(size);
  }

  @Test
  void refusesTruncationAtEveryByte() {
    for (byte[] message :
        new byte[][] {
          DeviceMessage.newBuilder().setOpen(OPEN).build().toByteArray(),
          end(70_000).toByteArray(),
          hidden(300).toByteArray()
        }) {
      for (int length = 0; length < message.length; length++) {
        assertInvalid(Arrays.copyOf(message, length));
      }
      assertInvalid(Arrays.copyOf(message, message.length + 1));
    }
  }

  @Test
  void refusesWhatIsNotExactlyOneKnownField() {
    byte[] end = end(3).toByteArray();
    assertInvalid(new byte[0], "not set");
    assertInvalid(concat(end, end), "exactly one field");
    assertInvalid(concat(hidden(5).toByteArray(), end), "exactly one field");
    assertInvalid(new byte[] {6 << 3 | 2, 1, 0}, "no known kind");
    assertInvalid(new byte[] {2 << 3, 1}); // hidden as a number
    assertInvalid(new byte[] {0, 0});
    assertInvalid(new byte[] {0x12, -1, -1, -1, -1, 0x7F}, "too large");
    assertInvalid(new byte[] {0x12, -1, -1, -1, -1, -1, 1}, "too large");
  }

  @Test
  void refusesTextWhereProtobufWouldSkipIt() throws IOException {
    UnknownFieldSet prompt =
        UnknownFieldSet.newBuilder()
            .addField(
                99,
                UnknownFieldSet.Field.newBuilder()
                    .addLengthDelimited(ByteString.copyFromUtf8("I have a rash"))
                    .build())
            .build();
    Open inOpen = OPEN.toBuilder().setUnknownFields(prompt).build();
    Open inSampling =
        OPEN.toBuilder()
            .setSampling(OPEN.getSampling().toBuilder().setUnknownFields(prompt))
            .build();
    EndOfPrompt inEnd = EndOfPrompt.newBuilder().setPositions(1).setUnknownFields(prompt).build();
    Cancel inCancel = Cancel.newBuilder().setUnknownFields(prompt).build();
    for (DeviceMessage message :
        new DeviceMessage[] {
          DeviceMessage.newBuilder().setOpen(inOpen).build(),
          DeviceMessage.newBuilder().setOpen(inSampling).build(),
          DeviceMessage.newBuilder().setEndOfPrompt(inEnd).build(),
          DeviceMessage.newBuilder().setCancel(inCancel).build()
        }) {
      assertThat(DeviceMessage.parseFrom(message.toByteArray())).as("control").isEqualTo(message);
      assertInvalid(message.toByteArray(), "unknown field 99");
    }
    // The last of two wins, so that nobody sees the first.
    byte[] twice =
        concat(Open.newBuilder().setBundleId(id("z")).build().toByteArray(), OPEN.toByteArray());
    assertThat(Open.parseFrom(twice)).as("control").isEqualTo(OPEN);
    assertInvalid(concat(new byte[] {0x0A, (byte) twice.length}, twice), "repeats a field");
  }

  @Test
  void refusesOpenWithBadIdOrCounts() {
    assertInvalid(open(OPEN.toBuilder().setBundleId(id("short"))), "must be 32 bytes, was 5");
    assertInvalid(open(OPEN.toBuilder().clearBundleId()), "must be 32 bytes, was 0");
    assertInvalid(open(OPEN.toBuilder().setBundleId(ByteString.copyFrom(new byte[33]))), "was 33");
    assertInvalid(open(OPEN.toBuilder().setPromptPositions(-1)), "prompt_positions");
    assertInvalid(open(OPEN.toBuilder().setMaxNewTokens(-1)), "max_new_tokens");
    assertInvalid(open(OPEN.toBuilder().setSampling(Sampling.newBuilder().setTopK(-1))), "top_k");
    assertInvalid(end(-5).toByteArray(), "positions");
    assertThatThrownBy(() -> new Uplink.OpenSession(Open.getDefaultInstance()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesWhatIsTooLong() {
    assertInvalid(hidden(WireLimits.MAX_FRAME_BYTES + 1).toByteArray());
    assertInvalid(hidden(WireLimits.TRANSPORT_MESSAGE_BYTES).toByteArray());
    assertInvalid(
        open(OPEN.toBuilder().setBundleId(ByteString.copyFrom(new byte[1000]))), "control");
    ByteBuffer large = ByteBuffer.allocate(WireLimits.MAX_FRAME_BYTES + 1);
    assertThatThrownBy(() -> new Uplink.Hidden(large)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> MARSHALLER.stream(new Uplink.Invalid("x")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void randomBytesGiveAMessageOrInvalid() {
    long seed = 77;
    Random random = new Random(seed);
    byte[] open = DeviceMessage.newBuilder().setOpen(OPEN).build().toByteArray();
    int accepted = 0;
    for (int i = 0; i < 100_000; i++) {
      byte[] bytes = open.clone();
      for (int n = random.nextInt(4); n >= 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      Uplink uplink =
          parse(
              random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes);
      accepted += uplink instanceof Uplink.Invalid ? 0 : 1;
    }
    assertThat(accepted).as("seed %d", seed).isBetween(1000, 90_000);
  }

  private static void assertInvalid(byte[] message) {
    assertThat(parse(message)).isInstanceOf(Uplink.Invalid.class);
  }

  private static void assertInvalid(byte[] message, String reason) {
    assertThat(parse(message))
        .isInstanceOfSatisfying(
            Uplink.Invalid.class, invalid -> assertThat(invalid.reason()).contains(reason));
  }

  private static byte[] open(Open.Builder open) {
    return DeviceMessage.newBuilder().setOpen(open).build().toByteArray();
  }

  private static ByteString id(String text) {
    return ByteString.copyFromUtf8(text);
  }

  private static DeviceMessage end(int positions) {
    return DeviceMessage.newBuilder()
        .setEndOfPrompt(EndOfPrompt.newBuilder().setPositions(positions))
        .build();
  }

  private static DeviceMessage hidden(int size) {
    return DeviceMessage.newBuilder().setHidden(ByteString.copyFrom(new byte[size])).build();
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static Uplink parse(byte[] bytes) {
    return MARSHALLER.parse(new UplinkStream(new byte[0], ByteBuffer.wrap(bytes)));
  }

  private static byte[] drained(Uplink uplink) throws IOException {
    UplinkStream stream = (UplinkStream) MARSHALLER.stream(uplink);
    int announced = stream.available();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(stream.drainTo(out)).isEqualTo(announced).isEqualTo(out.size());
    assertThat(stream.available()).isZero();
    return out.toByteArray();
  }

  private static byte[] read(Uplink uplink) throws IOException {
    try (InputStream stream = MARSHALLER.stream(uplink)) {
      assertThat(stream).isInstanceOf(KnownLength.class);
      return stream.readAllBytes();
    }
  }
}
