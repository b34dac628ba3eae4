package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class FrameRoundTripTest {
  private static final int[] WIDTHS = {1, 7, 13, 63, 64, 65, 192, 207, 1024};

  static Stream<StreamSpec> specs() {
    return Arrays.stream(CodecMode.values())
        .flatMap(mode -> IntStream.of(WIDTHS).mapToObj(width -> new StreamSpec(mode, width)));
  }

  @ParameterizedTest
  @MethodSource("specs")
  void decodesWhatWasEncoded(StreamSpec spec) {
    for (int positions : new int[] {1, 2, 7, 13}) {
      for (HeaderForm form : HeaderForm.values()) {
        float[] values = Frames.values(positions, positions, spec.width());
        byte[] frame = Frames.encode(spec, values, 5, form);
        assertThat(frame)
            .hasSize(
                FrameEncoder.of(spec).maxEncodedBytes(positions)
                    - HeaderForm.LONG.bytes()
                    + form.bytes());

        FrameInfo info = FrameDecoder.of(spec, Frames.LIMITS).inspect(ByteBuffer.wrap(frame));
        assertThat(info)
            .isEqualTo(new FrameInfo(spec, form, 5, positions, frame.length - form.bytes()));
        assertThat(Frames.decode(spec, frame)).containsExactly(expected(spec, values));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("specs")
  void sameBytesForEveryKindOfBuffer(StreamSpec spec) {
    int positions = 3;
    float[] values = Frames.values(9, positions, spec.width());
    byte[] expected = Frames.encode(spec, values, 0, HeaderForm.LONG);

    ByteBuffer direct = ByteBuffer.allocateDirect(expected.length + 10).order(ByteOrder.BIG_ENDIAN);
    direct.position(3);
    FloatBuffer in =
        ByteBuffer.allocateDirect(values.length * 4 + 8)
            .order(ByteOrder.BIG_ENDIAN)
            .asFloatBuffer()
            .position(1)
            .put(values)
            .position(1);
    int bytes = FrameEncoder.of(spec).encode(in, 0, positions, HeaderForm.LONG, direct);

    assertThat(bytes).isEqualTo(expected.length);
    assertThat(direct.position()).isEqualTo(3 + bytes);
    assertThat(in.position()).isEqualTo(1 + values.length);
    byte[] written = new byte[bytes];
    direct.get(3, written);
    assertThat(written).containsExactly(expected);

    ByteBuffer frame = direct.slice(3, bytes).asReadOnlyBuffer();
    FloatBuffer out = ByteBuffer.allocateDirect(values.length * 4 + 12).asFloatBuffer();
    out.position(2);
    FrameDecoder.of(spec, Frames.LIMITS).decode(frame, out);
    assertThat(frame.hasRemaining()).isFalse();
    assertThat(out.position()).isEqualTo(2 + values.length);
    float[] decoded = new float[values.length];
    out.get(2, decoded);
    assertThat(decoded).containsExactly(Frames.decode(spec, expected));
    assertThat(out.get(1)).isZero();
    assertThat(out.get(2 + values.length)).isZero();
  }

  @ParameterizedTest
  @MethodSource("specs")
  void rowByRowEqualsOneShot(StreamSpec spec) {
    int positions = 7;
    float[] values = Frames.values(11, positions, spec.width());
    float[] atOnce = Frames.decode(spec, Frames.encode(spec, values, 0, HeaderForm.SHORT));
    float[] stepwise = new float[values.length];
    for (int row = 0; row < positions; row++) {
      int from = row * spec.width();
      float[] one = Arrays.copyOfRange(values, from, from + spec.width());
      float[] back = Frames.decode(spec, Frames.encode(spec, one, row, HeaderForm.SHORT));
      System.arraycopy(back, 0, stepwise, from, spec.width());
    }
    assertThat(stepwise).containsExactly(atOnce);
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
    FrameDecoder decoder = FrameDecoder.selfContained(Frames.LIMITS);
    for (CodecMode mode : CodecMode.values()) {
      StreamSpec spec = new StreamSpec(mode, 13);
      byte[] frame = Frames.encode(spec, new float[26], 0, HeaderForm.LONG);
      assertThat(decoder.inspect(ByteBuffer.wrap(frame)).spec()).isEqualTo(spec);
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

  private static float[] expected(StreamSpec spec, float[] values) {
    float[] expected = values.clone();
    for (int i = 0; i < values.length; i++) {
      expected[i] =
          switch (spec.mode()) {
            case RAW_F32 -> values[i];
            case RAW_F16 -> Float.float16ToFloat(Float.floatToFloat16(values[i]));
            case RAW_BF16 -> RawPayloadTest.nearestBfloat16(values[i]);
            case INT8 -> int8(spec.width(), values, i);
          };
    }
    return expected;
  }

  /** Element by element in double, straight from the definition. */
  private static float int8(int width, float[] values, int i) {
    int from = i - i % width % 64;
    int to = Math.min(from + 64, i - i % width + width);
    float max = 0;
    for (int j = from; j < to; j++) {
      max = Math.max(max, Math.abs(values[j]));
    }
    float scale = max / 127;
    // By way of an integer: what rounds to zero has lost its sign.
    return scale == 0 ? 0 : (int) Math.rint((double) values[i] / scale) * scale;
  }
}
