package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every mode on values at the edges: what was sent, near to it, or a refusal that says where. */
class ExtremeValuesTest {
  private static final int POSITIONS = 34;
  private static final int BAD_ROW = 2;

  static Stream<TestStream> streams() {
    return IntStream.of(1, 7, 65, 207).boxed().flatMap(width -> TestStream.all(width).stream());
  }

  @ParameterizedTest
  @MethodSource("streams")
  void whatIsNotFiniteIsCarriedOrRefused(TestStream stream) {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (int channel : new int[] {0, stream.width() / 2, stream.width() - 1}) {
        float[] values = stream.states(1, POSITIONS);
        values[BAD_ROW * stream.width() + channel] = bad;
        if (TestStream.carriesAnything(stream.spec().mode())) {
          float[] decoded = stream.decode(stream.encode(values, 0, HeaderForm.LONG));
          assertThat(decoded[BAD_ROW * stream.width() + channel]).isEqualTo(Float.valueOf(bad));
          continue;
        }
        IllegalArgumentException refusal =
            Assertions.catchThrowableOfType(
                IllegalArgumentException.class, () -> stream.encode(values, 0, HeaderForm.LONG));
        assertThat(refusal)
            .as("%s at channel %d", bad, channel)
            .hasMessageContaining("position " + BAD_ROW)
            .hasMessageContaining("finite");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("streams")
  void anEncoderGoesOnAfterARefusal(TestStream stream) {
    if (TestStream.carriesAnything(stream.spec().mode())) {
      return;
    }
    FrameEncoder encoder = stream.encoder();
    float[] values = stream.states(1, POSITIONS);
    byte[] before = stream.encode(encoder, values, 0, HeaderForm.LONG);
    float[] bad = values.clone();
    bad[bad.length - 1] = Float.NaN;
    assertThat(Assertions.catchThrowable(() -> stream.encode(encoder, bad, 0, HeaderForm.LONG)))
        .isInstanceOf(IllegalArgumentException.class);
    byte[] after = stream.encode(encoder, values, 0, HeaderForm.LONG);
    assertThat(stream.decode(after)).containsExactly(stream.decode(before));
  }

  @ParameterizedTest
  @MethodSource("streams")
  void finiteExtremesStayFinite(TestStream stream) {
    extremes(stream.width())
        .forEach((name, change) -> {
          float[] values = stream.states(1, POSITIONS);
          change.accept(values);
          byte[] frame;
          try {
            frame = stream.encode(values, 0, HeaderForm.SHORT);
          } catch (IllegalArgumentException refusal) {
            // Clear enough to act on, and without the value.
            assertThat(refusal).as(name).hasMessageMatching(".*(position|element) \\d+.*");
            return;
          }
          float[] decoded = stream.decode(frame);
          float most = 0;
          for (float value : values) {
            most = Math.max(most, Math.abs(value));
          }
          // An error is never larger than what the frame holds, whatever the mode; 300 is for
          // modes that code all-zero frames as a distance from the profile's means.
          // The 16 levels of INT4 are a tenth of a row's rms apart, counted in deviations: where
          // all
          // channels are the same, that is more than the value in those of large deviation.
          boolean coarse = stream.spec().mode() == CodecMode.INT4 && stream.profile() != null;
          double tolerance = (coarse ? 8.0 : 2.0) * most + 300;
          for (int i = 0; i < values.length; i++) {
            assertThat(decoded[i]).as("%s, element %d", name, i).isFinite();
            assertThat(Math.abs((double) decoded[i] - values[i]))
                .as("%s, error of element %d", name, i)
                .isLessThanOrEqualTo(tolerance);
          }
          if (stream.isExact()) {
            for (int i = 0; i < values.length; i++) {
              assertThat(Float.floatToRawIntBits(decoded[i]))
                  .as("%s, bits of element %d", name, i)
                  .isEqualTo(Float.floatToRawIntBits(values[i]));
            }
          }
        });
  }

  private static Map<String, Consumer<float[]>> extremes(int width) {
    Map<String, Consumer<float[]>> extremes = new TreeMap<>();
    extremes.put("all zero", values -> Arrays.fill(values, 0));
    extremes.put("all minus zero", values -> Arrays.fill(values, -0f));
    extremes.put("all the same", values -> Arrays.fill(values, 3.25f));
    extremes.put("all subnormal", values -> Arrays.fill(values, 5 * Float.MIN_VALUE));
    extremes.put("one subnormal", values -> values[width] = -Float.MIN_VALUE);
    extremes.put("all 1e30", values -> Arrays.fill(values, 1e30f));
    extremes.put("all the largest", values -> Arrays.fill(values, Float.MAX_VALUE));
    extremes.put("one 1e30", values -> values[width] = 1e30f);
    extremes.put("one the largest", values -> values[width] = -Float.MAX_VALUE);
    extremes.put("a zero row", values -> Arrays.fill(values, width, 2 * width, 0));
    extremes.put("a channel of 1e30", values -> setChannel(values, width, 1e30f));
    extremes.put("a channel of zeros", values -> setChannel(values, width, 0));
    extremes.put("a constant channel", values -> setChannel(values, width, -7));
    extremes.put(
        "signs of the largest",
        values -> {
          for (int i = 0; i < values.length; i++) {
            values[i] = i % 3 == 0 ? Float.MAX_VALUE : -Float.MAX_VALUE;
          }
        });
    return extremes;
  }

  private static void setChannel(float[] values, int width, float value) {
    for (int i = width / 2; i < values.length; i += width) {
      values[i] = value;
    }
  }
}
