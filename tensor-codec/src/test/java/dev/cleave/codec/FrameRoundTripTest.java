package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.rate.RateTarget;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class FrameRoundTripTest {
  private static final int[] WIDTHS = {1, 7, 13, 63, 64, 65, 192, 207, 1000};

  static Stream<TestStream> streams() {
    return IntStream.of(WIDTHS).boxed().flatMap(width -> TestStream.all(width).stream());
  }

  @ParameterizedTest
  @MethodSource("streams")
  void decodesWhatWasEncoded(TestStream stream) {
    FrameEncoder encoder = stream.encoder();
    FrameDecoder decoder = stream.decoder();
    for (int positions : new int[] {1, 2, 7, 33}) {
      for (HeaderForm form : HeaderForm.values()) {
        float[] values = TestStream.source(stream.width()).states(positions, positions);
        byte[] frame = stream.encode(encoder, values, 5, form);
        assertThat(frame.length)
            .isLessThanOrEqualTo(encoder.maxEncodedBytes(positions) - 64 + form.bytes());

        FrameInfo info = decoder.inspect(ByteBuffer.wrap(frame));
        assertThat(info)
            .isEqualTo(
                new FrameInfo(stream.spec(), form, 5, positions, frame.length - form.bytes()));
        float[] decoded = stream.decode(decoder, frame);
        if (stream.isExact()) {
          assertThat(decoded).containsExactly(values);
        }
        // Frames say all: neither side's earlier frames make a difference.
        assertThat(stream.decode(frame)).containsExactly(decoded);
        float[] fresh = stream.decode(decoder, stream.encode(values, 5, form));
        assertNear(stream, values, decoded);
        assertNear(stream, values, fresh);
      }
    }
  }

  /** Nothing is far from what was sent; short frames at a rate at least know more than nothing. */
  private static void assertNear(TestStream stream, float[] values, float[] decoded) {
    if (stream.spec().mode() == CodecMode.INT4 && stream.profile() == null) {
      // One error for all channels: large beside the deviation of those without outliers.
      assertThat(Frames.noise(values, decoded)).isLessThan(-8);
      return;
    }
    float[] deviations = TestStream.source(stream.width()).deviations();
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += Math.pow(((double) values[i] - decoded[i]) / deviations[i % stream.width()], 2);
    }
    // Without a profile, channels that share a scale with a loud one are coded coarsely.
    boolean coarse = stream.profile() == null && stream.spec().target() != null;
    // In narrow rows the gains take a good part of the target's bytes.
    double most = coarse ? 1.5 : stream.width() < 13 ? 0.3 : 0.2;
    assertThat(sum / values.length).as("normalised error").isLessThan(most);
  }

  @ParameterizedTest
  @MethodSource("streams")
  void sameBytesForEveryKindOfBuffer(TestStream stream) {
    int positions = 3;
    float[] values = stream.states(9, positions);
    byte[] expected = stream.encode(values, 0, HeaderForm.LONG);

    int room = stream.encoder().maxEncodedBytes(positions);
    ByteBuffer direct = ByteBuffer.allocateDirect(room + 10).order(ByteOrder.BIG_ENDIAN);
    direct.position(3);
    FloatBuffer in =
        ByteBuffer.allocateDirect(values.length * 4 + 8)
            .order(ByteOrder.BIG_ENDIAN)
            .asFloatBuffer()
            .position(1)
            .put(values)
            .position(1);
    int bytes = stream.encoder().encode(in, 0, positions, HeaderForm.LONG, direct);

    assertThat(bytes).isEqualTo(expected.length);
    assertThat(direct.position()).isEqualTo(3 + bytes);
    assertThat(in.position()).isEqualTo(1 + values.length);
    byte[] written = new byte[bytes];
    direct.get(3, written);
    assertThat(written).containsExactly(expected);

    ByteBuffer frame = direct.slice(3, bytes).asReadOnlyBuffer();
    FloatBuffer out = ByteBuffer.allocateDirect(values.length * 4 + 12).asFloatBuffer();
    out.position(2);
    stream.decoder().decode(frame, out);
    assertThat(frame.hasRemaining()).isFalse();
    assertThat(out.position()).isEqualTo(2 + values.length);
    float[] decoded = new float[values.length];
    out.get(2, decoded);
    assertThat(decoded).containsExactly(stream.decode(expected));
    assertThat(out.get(1)).isZero();
    assertThat(out.get(2 + values.length)).isZero();
  }

  static Stream<TestStream> rowsByThemselves() {
    // The modes with statistics of the frame, and those with one step for it, are left out.
    return streams()
        .filter(it ->
            TestStream.carriesAnything(it.spec().mode())
                || (it.spec().mode().name().startsWith("INT") && it.profile() != null));
  }

  @ParameterizedTest
  @MethodSource("rowsByThemselves")
  void rowByRowEqualsOneShot(TestStream stream) {
    int positions = 7;
    float[] values = stream.states(11, positions);
    float[] atOnce = stream.decode(stream.encode(values, 0, HeaderForm.SHORT));
    float[] stepwise = new float[values.length];
    for (int row = 0; row < positions; row++) {
      int from = row * stream.width();
      float[] one = Arrays.copyOfRange(values, from, from + stream.width());
      float[] back = stream.decode(stream.encode(one, row, HeaderForm.SHORT));
      System.arraycopy(back, 0, stepwise, from, stream.width());
    }
    assertThat(stepwise).containsExactly(atOnce);
  }

  @ParameterizedTest
  @MethodSource("streams")
  void constantBytesAreConstant(TestStream stream) {
    if (!(stream.spec().target() instanceof RateTarget.BytesPerPosition target)) {
      return;
    }
    long seed = 31;
    Random random = new Random(seed);
    FrameEncoder encoder = stream.encoder();
    int texts = stream.width() == 65 ? 1000 : 20;
    for (int text = 0; text < texts; text++) {
      int positions = 1 + random.nextInt(20);
      byte[] frame =
          stream.encode(encoder, stream.states(random.nextLong(), positions), 0, HeaderForm.SHORT);
      assertThat(frame)
          .as("seed %d, text %d", seed, text)
          .hasSize(HeaderForm.SHORT.bytes() + positions * target.bytes());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = CodecMode.class,
      names = {"RAW_F32", "RAW_F16", "RAW_BF16"})
  void rawCarriesWhatIsNotFinite(CodecMode mode) {
    float[] values = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, 1};
    StreamSpec spec = new StreamSpec(mode, 5);
    float[] decoded = Frames.decode(spec, Frames.encode(spec, values, 0, HeaderForm.LONG));
    assertThat(decoded).containsExactly(values);
    assertThat(Float.floatToRawIntBits(decoded[3])).isEqualTo(Integer.MIN_VALUE);
  }

  @Test
  void selfContainedDecoderTakesEveryLongFrame() {
    FrameDecoder decoder =
        FrameDecoder.selfContained(Frames.LIMITS, TestStream.diagonal(13), TestStream.full(13));
    for (int round = 0; round < 2; round++) {
      for (TestStream stream : TestStream.all(13)) {
        byte[] frame = stream.encode(stream.states(round, 2), 0, HeaderForm.LONG);
        assertThat(decoder.inspect(ByteBuffer.wrap(frame)).spec()).isEqualTo(stream.spec());
        assertThat(stream.decode(decoder, frame)).containsExactly(stream.decode(frame));
      }
    }
    byte[] shortFrame =
        Frames.encode(new StreamSpec(CodecMode.INT8, 1), new float[1], 0, HeaderForm.SHORT);
    assertThatThrownBy(() -> decoder.inspect(ByteBuffer.wrap(shortFrame)))
        .isInstanceOf(MalformedFrame.class)
        .hasMessageContaining("without an agreed stream");
  }

  @Test
  void encoderRefusesSizesItCannotWrite() {
    FrameEncoder encoder = FrameEncoder.of(new StreamSpec(CodecMode.RAW_F32, 4));
    FloatBuffer values = FloatBuffer.allocate(8);
    ByteBuffer out = ByteBuffer.allocate(95);
    assertThatThrownBy(() -> encoder.encode(values, 0, 0, HeaderForm.LONG, out))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> encoder.encode(values, 0, 2, HeaderForm.LONG, out))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("96 bytes, the buffers hold 8 and 95");
    assertThatThrownBy(() -> encoder.encode(values, 0, 3, HeaderForm.SHORT, out))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> encoder.encode(values, -1, 1, HeaderForm.SHORT, out))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> encoder.maxEncodedBytes(Integer.MAX_VALUE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(values.position()).isZero();
    assertThat(out.position()).isZero();
  }

  @Test
  void headersAreAsShortAsPromised() {
    assertThat(HeaderForm.LONG.bytes()).isBetween(64, 80);
    assertThat(HeaderForm.SHORT.bytes()).isLessThanOrEqualTo(16);
  }
}
