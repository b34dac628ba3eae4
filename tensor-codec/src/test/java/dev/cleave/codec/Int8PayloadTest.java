package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.MalformedFrame.Fault;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Int8PayloadTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 64, 65, 207, 256, 768, 1000})
  void noErrorExceedsTheBound(int width) {
    long seed = 8;
    Random random = new Random(seed);
    StreamSpec spec = new StreamSpec(CodecMode.INT8, width);
    int rotated = Integer.highestOneBit(width);
    double worst = 0;
    for (int round = 0; round < 100; round++) {
      float[] values = Frames.values(random.nextLong(), 1, width);
      float magnitude = (float) Math.scalb(1.0, random.nextInt(200) - 90);
      for (int i = 0; i < values.length; i++) {
        values[i] *= magnitude;
      }
      byte[] frame = Frames.encode(spec, values, 0, HeaderForm.SHORT);
      float[] back = Frames.decode(spec, frame);
      double error = 0;
      for (int i = 0; i < values.length; i++) {
        error += Math.pow((double) values[i] - back[i], 2);
      }
      double scale = Frames.view(frame).getFloat(HeaderForm.SHORT.bytes());
      worst = Math.max(worst, Math.sqrt(error / width) / (scale * Math.sqrt(rotated)));
    }
    // A uniform error of half a step has an rms of 0.29; with one channel it may reach the bound,
    // and pass it by what f32 rounds in the rotation of values up to 127 steps large.
    assertThat(worst).as("seed %d", seed).isBetween(width == 1 ? 0 : 0.2, 0.5 + 1e-4);
  }

  @Test
  void noiseIsThatOfAUniformQuantiser() {
    int width = 1024;
    long seed = 12;
    Random random = new Random(seed);
    float[] values = new float[64 * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    StreamSpec spec = new StreamSpec(CodecMode.INT8, width);
    // The square of the largest of 1024 normals is 12.0 on average: 12.0 / 127^2 / 12 = -42.1 dB.
    assertThat(Frames.noise(values, Frames.roundTrip(spec, values)))
        .as("seed %d", seed)
        .isBetween(-42.4, -41.8);
  }

  @Test
  void oneLoudChannelIsSpreadOverAll() {
    int width = 1024;
    StreamSpec spec = new StreamSpec(CodecMode.INT8, width);
    Random random = new Random(9);
    float[] values = new float[width];
    for (int i = 0; i < width; i++) {
      values[i] = (float) random.nextGaussian();
    }
    double quiet = Frames.noise(values, Frames.roundTrip(spec, values));
    float[] loud = values.clone();
    loud[70] = 64;
    float[] back = Frames.roundTrip(spec, loud);
    back[70] = values[70];
    // 64 / sqrt(1024) = 2 comes on top of a largest coordinate of some 3.3.
    assertThat(Frames.noise(values, back)).isBetween(quiet, quiet + 5);
  }

  @Test
  void twoPayloadsOfTheSameRowsAreEqual() {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 207);
    float[] values = Frames.values(3, 4, 207);
    FrameEncoder encoder = FrameEncoder.of(spec);
    byte[] first = Frames.encode(encoder, values, 4);
    Frames.encode(encoder, Frames.values(4, 9, 207), 9);
    assertThat(Frames.encode(encoder, values, 4)).containsExactly(first);
  }

  @ParameterizedTest
  @ValueSource(floats = {0, -0f, 1e-30f, 1, 1e30f})
  void extremesStayFiniteAndNear(float value) {
    for (CodecMode mode : new CodecMode[] {CodecMode.INT8, CodecMode.INT4}) {
      float[] values = {value, -value, value / 2};
      float[] back = Frames.roundTrip(new StreamSpec(mode, 3), values);
      float tolerance = Math.abs(value) / (mode == CodecMode.INT8 ? 60 : 2);
      for (int i = 0; i < 3; i++) {
        assertThat(back[i]).isFinite().isBetween(values[i] - tolerance, values[i] + tolerance);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.MIN_VALUE, -1e-40f, Float.MIN_NORMAL})
  void rowsOfTheSmallestFloatsBecomeZero(float value) {
    for (CodecMode mode : new CodecMode[] {CodecMode.INT8, CodecMode.INT4}) {
      float[] values = new float[65];
      Arrays.fill(values, value);
      assertThat(Frames.roundTrip(new StreamSpec(mode, 65), values)).containsOnly(0);
    }
  }

  @Test
  void refusesRowsNearTheEndOfTheRange() {
    for (CodecMode mode : new CodecMode[] {CodecMode.INT8, CodecMode.INT4}) {
      float[] values = new float[130];
      Arrays.fill(values, 65, 130, Float.MAX_VALUE);
      assertThatThrownBy(() -> Frames.encode(new StreamSpec(mode, 65), values, 0, HeaderForm.LONG))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("position 1")
          .hasMessageContaining("use RAW_F32");
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void refusesToCodeWhatIsNotFinite(float value) {
    for (CodecMode mode : new CodecMode[] {CodecMode.INT8, CodecMode.INT4}) {
      StreamSpec spec = new StreamSpec(mode, 100);
      for (int at : new int[] {0, 63, 64, 99, 199}) {
        float[] values = Frames.values(1, 2, 100);
        values[at] = value;
        assertThatThrownBy(() -> Frames.encode(spec, values, 0, HeaderForm.LONG))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(
                "position %d: channel %d is not finite".formatted(at / 100, at % 100));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      floats = {
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        -1,
        -0f,
        Float.MIN_VALUE,
        Float.MAX_VALUE,
        Float.MAX_VALUE / 127 / 65
      })
  void refusesScalesThatNoEncoderWrites(float scale) {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 65);
    byte[] frame = Frames.encode(spec, new float[130], 0, HeaderForm.LONG);
    int second = 64 + 4 + 65;
    Frames.view(frame).putFloat(second, scale);
    Frames.sealLong(frame);
    refused(spec, frame, second);
  }

  @Test
  void refusesMinus128() {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 2);
    byte[] frame = Frames.encode(spec, new float[] {1, 1}, 0, HeaderForm.LONG);
    frame[frame.length - 1] = -128;
    refused(spec, Frames.sealLong(frame), 68);
  }

  @Test
  void refusesCodesUnderAScaleOfZero() {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 9);
    byte[] frame = Frames.encode(spec, new float[9], 0, HeaderForm.LONG);
    frame[70] = 1;
    refused(spec, Frames.sealLong(frame), 68);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 65, 768, 2048})
  void theLargestScaleGivesFiniteValues(int width) {
    // Every code at its largest, in the signs that add up in the first channel.
    StreamSpec spec = new StreamSpec(CodecMode.INT8, width);
    float[] values = new float[width];
    values[0] = 1;
    byte[] frame = Frames.encode(spec, values, 0, HeaderForm.LONG);
    Frames.view(frame).putFloat(64, Float.MAX_VALUE / 2 / (127f * width));
    assertThat(Frames.decode(spec, Frames.sealLong(frame))[0]).isFinite().isGreaterThan(1e36f);
  }

  private static void refused(StreamSpec spec, byte[] frame, int offset) {
    assertThatThrownBy(() -> Frames.decode(spec, frame))
        .isInstanceOfSatisfying(
            MalformedFrame.class,
            malformed -> {
              assertThat(malformed.fault()).isEqualTo(Fault.PAYLOAD);
              assertThat(malformed.offset()).isEqualTo(offset);
            });
  }
}
