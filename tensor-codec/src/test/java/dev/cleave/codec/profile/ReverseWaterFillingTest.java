package dev.cleave.codec.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ReverseWaterFillingTest {
  @ParameterizedTest
  @CsvSource({"0.25,1", "0.0625,2", "1,0", "2,0", "0.0009765625,5"})
  void equalVariancesAreOneGaussian(double distortion, double bits) {
    ReverseWaterFilling function = ReverseWaterFilling.of(new double[] {1, 1, 1});
    assertThat(function.bits(distortion)).isCloseTo(bits, within(1e-12));
  }

  @Test
  void leavesOutWhatIsUnderWater() {
    // Level 1 holds 1 + 1 + 0.5 + 0 of distortion: the first costs 2 bits, the second 1.
    ReverseWaterFilling function = ReverseWaterFilling.of(new double[] {0.5, 16, 0, 4});
    assertThat(function.bits(2.5 / 4)).isCloseTo(3.0 / 4, within(1e-12));
    assertThat(function.distortion(0.75)).isCloseTo(2.5 / 4, within(1e-12));
    assertThat(function.largestDistortion()).isEqualTo(20.5 / 4);
    assertThat(function.bits(20.5 / 4)).isZero();
    assertThat(function.distortion(0)).isCloseTo(20.5 / 4, within(1e-12));
  }

  @Test
  void aHighRateIsHalfTheLogarithmOfTheGeometricMean() {
    ReverseWaterFilling function = ReverseWaterFilling.of(new double[] {2, 8, 32});
    assertThat(function.bits(0.125))
        .isCloseTo(0.5 * Math.log(8 / 0.125) / Math.log(2), within(1e-12));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 64, 207})
  void theInverseGivesBackTheDistortionAndNoLevelIsCheaper(int width) {
    Random random = new Random(width);
    double[] variances = new double[width];
    for (int i = 0; i < width; i++) {
      variances[i] = Math.exp(3 * random.nextGaussian());
    }
    ReverseWaterFilling function = ReverseWaterFilling.of(variances);
    for (double bits = 0.01; bits < 20; bits *= 1.5) {
      double distortion = function.distortion(bits);
      assertThat(function.bits(distortion)).as("%s bits", bits).isCloseTo(bits, within(1e-9));
      assertThat(distortion).isCloseTo(byBisection(variances, bits), within(1e-6 * distortion));
    }
  }

  /** By the definition, with the level searched. */
  private static double byBisection(double[] variances, double bits) {
    double low = 1e-30;
    double high = 1e10;
    for (int i = 0; i < 200; i++) {
      double theta = Math.sqrt(low * high);
      double rate = 0;
      for (double variance : variances) {
        rate += Math.max(0, 0.5 * Math.log(variance / theta) / Math.log(2)) / variances.length;
      }
      if (rate > bits) {
        low = theta;
      } else {
        high = theta;
      }
    }
    double distortion = 0;
    for (double variance : variances) {
      distortion += Math.min(low, variance) / variances.length;
    }
    return distortion;
  }

  @Test
  void refusesWhatIsNoVarianceOrDistortion() {
    for (double[] bad : new double[][] {{}, {0}, {-1, 1}, {Double.NaN}, {1, 1.0 / 0}}) {
      assertThatThrownBy(() -> ReverseWaterFilling.of(bad))
          .isInstanceOf(IllegalArgumentException.class);
    }
    ReverseWaterFilling function = ReverseWaterFilling.of(new double[] {1});
    assertThatThrownBy(() -> function.bits(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> function.bits(Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> function.distortion(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
