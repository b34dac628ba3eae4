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

  @Test
  void roundsHalfToEven() {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 8);
    float[] values = {127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, -127};
    assertThat(Frames.decode(spec, Frames.encode(spec, values, 0, HeaderForm.SHORT)))
        .usingComparatorWithPrecision(0f)
        .containsExactly(127f, 0f, 2f, 2f, 0f, -2f, -2f, -127f);
  }

  @Test
  void noErrorExceedsHalfAScale() {
    long seed = 8;
    Random random = new Random(seed);
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 207);
    double worst = 0;
    for (int round = 0; round < 500; round++) {
      float[] values = Frames.values(random.nextLong(), 2, 207);
      float magnitude = (float) Math.scalb(1.0, random.nextInt(200) - 100);
      for (int i = 0; i < values.length; i++) {
        values[i] *= magnitude;
      }
      float[] back = Frames.decode(spec, Frames.encode(spec, values, 0, HeaderForm.SHORT));
      for (int i = 0; i < values.length; i++) {
        worst = Math.max(worst, Math.abs((double) values[i] - back[i]) / scale(values, 207, i));
      }
    }
    // Half a step, and the rounding of q * scale to f32: 127 x 2^-24 of a scale.
    assertThat(worst).as("seed %d", seed).isBetween(0.49, 0.5 + 127 * 0x1p-24);
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
    float[] back = Frames.decode(spec, Frames.encode(spec, values, 0, HeaderForm.LONG));
    double noise = 0;
    double uniform = 0;
    double signal = 0;
    for (int i = 0; i < values.length; i++) {
      noise += Math.pow((double) values[i] - back[i], 2);
      uniform += Math.pow(scale(values, width, i), 2) / 12;
      signal += Math.pow(values[i], 2);
    }
    // step^2 / 12 per element; the largest of each block is exact, which takes 1/64 = 0.07 dB off.
    assertThat(10 * Math.log10(noise / uniform)).as("seed %d", seed).isBetween(-0.2, 0.1);
    // The square of the largest of 64 normals is 6.93 on average: 6.93 / 127^2 / 12 = -44.5 dB.
    assertThat(10 * Math.log10(noise / signal)).as("seed %d", seed).isBetween(-44.7, -44.2);
  }

  @Test
  void blocksDoNotDisturbOneAnother() {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 130);
    float[] quiet = Frames.values(3, 2, 130);
    float[] loud = quiet.clone();
    loud[70] = 1e30f;
    float[] expected = Frames.decode(spec, Frames.encode(spec, quiet, 0, HeaderForm.LONG));
    float[] decoded = Frames.decode(spec, Frames.encode(spec, loud, 0, HeaderForm.LONG));
    Arrays.fill(expected, 64, 128, 0);
    Arrays.fill(decoded, 64, 128, 0);
    assertThat(decoded).containsExactly(expected);
  }

  @ParameterizedTest
  @ValueSource(
      floats = {0, -0f, Float.MIN_VALUE, 100 * Float.MIN_VALUE, 1e-40f, 1e-30f, Float.MAX_VALUE})
  void extremesStayFiniteAndNear(float value) {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 3);
    float[] values = {value, -value, value / 2};
    float[] back = Frames.decode(spec, Frames.encode(spec, values, 0, HeaderForm.LONG));
    // Subnormal scales are as coarse as f32 is there: up to 127 steps of the smallest f32.
    float tolerance = Math.max(Math.abs(value) / 127, 127 * Float.MIN_VALUE);
    for (int i = 0; i < 3; i++) {
      assertThat(back[i]).isFinite().isBetween(values[i] - tolerance, values[i] + tolerance);
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void refusesToCodeWhatIsNotFinite(float value) {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 100);
    for (int at : new int[] {0, 63, 64, 99, 199}) {
      float[] values = Frames.values(1, 2, 100);
      values[at] = value;
      assertThatThrownBy(() -> Frames.encode(spec, values, 0, HeaderForm.LONG))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("position " + at / 100)
          .hasMessageContaining("not all values are finite");
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
        Float.MAX_VALUE,
        2.7e36f
      })
  void refusesScalesThatNoEncoderWrites(float scale) {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 65);
    byte[] frame = Frames.encode(spec, new float[65], 0, HeaderForm.LONG);
    int second = 64 + 4 + 64;
    Frames.view(frame).putFloat(second, scale);
    Frames.sealLong(frame);
    assertThatThrownBy(() -> Frames.decode(spec, frame))
        .isInstanceOfSatisfying(
            MalformedFrame.class,
            malformed -> {
              assertThat(malformed.fault()).isEqualTo(Fault.PAYLOAD);
              assertThat(malformed.offset()).isEqualTo(second);
            });
  }

  @Test
  void refusesMinus128() {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, 2);
    byte[] frame = Frames.encode(spec, new float[] {1, 1}, 0, HeaderForm.SHORT);
    frame[frame.length - 1] = -128;
    Frames.sealShort(spec, frame);
    assertThatThrownBy(() -> Frames.decode(spec, frame))
        .isInstanceOfSatisfying(
            MalformedFrame.class, m -> assertThat(m.fault()).isEqualTo(Fault.PAYLOAD));
  }

  @Test
  void theLargestScaleTimesTheLargestNumberIsFinite() {
    assertThat(Math.nextDown(Float.MAX_VALUE / 127) * 127).isFinite();
  }

  private static double scale(float[] values, int width, int i) {
    int from = i - i % width % 64;
    int to = Math.min(from + 64, i - i % width + width);
    double max = 0;
    for (int j = from; j < to; j++) {
      max = Math.max(max, Math.abs(values[j]));
    }
    return max / 127;
  }
}
