package dev.cleave.codec.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ProfileFitterTest {
  private static final FitOptions OPTIONS = FitOptions.DEFAULT;

  @Test
  void findsMeansAndDeviations() {
    int width = 7;
    float[] rows = new float[5000 * width];
    Random random = new Random(1);
    for (int i = 0; i < rows.length; i++) {
      int c = i % width;
      rows[i] = (float) (10 * c + Math.pow(10, c - 3) * random.nextGaussian());
    }
    Profile profile = fitter(rows, width).fit().profile();
    for (int c = 0; c < width; c++) {
      double deviation = Math.pow(10, c - 3);
      assertThat(profile.channels().mean(c)).isCloseTo(10f * c, within((float) (0.06 * deviation)));
      assertThat(profile.channels().deviation(c) / deviation).isCloseTo(1, within(0.04));
    }
    assertThat(profile.basis().kind()).isEqualTo(BasisKind.DIAGONAL);
    assertThat(profile.tokenGain()).isFalse();
  }

  /** Channels of an autoregressive chain: theory gives -1/2 log2(1 - rho^2) bits at high rate. */
  @Test
  void keepsTransformOfCorrelatedChannels() {
    int width = 24;
    double rho = 0.9;
    FitReport report = fitter(chain(2, 24_000, width, rho), width).fit();
    assertThat(report.kept()).isEqualTo(BasisKind.KLT);
    assertThat(report.tokens() + report.heldOutTokens()).isEqualTo(24_000);
    FitReport.Candidate klt = report.candidate(BasisKind.KLT).orElseThrow();
    // Of the Gaussian source at the distortion 1/12: reverse water-filling of the true spectrum.
    double[][] correlations = new double[width][width];
    for (int i = 0; i < width; i++) {
      for (int k = 0; k < width; k++) {
        correlations[i][k] = Math.pow(rho, Math.abs(i - k));
      }
    }
    var bound =
        dev.cleave.codec.profile.ReverseWaterFilling.of(SymmetricEigen.of(correlations).values());
    double theory = 0.5 * Math.log(12) / Math.log(2) - bound.bits(1.0 / 12);
    assertThat(theory).isGreaterThan(0.7);
    assertThat(klt.gain()).isCloseTo(theory, within(0.12));
    assertIsInverse(report.profile().basis(), 1e-4);
  }

  @Test
  void refusesTransformThatOnlyFitsItsRows() {
    int width = 64;
    // Independent channels, and no more rows than twice the channels: what a transform finds is
    // chance.
    float[] rows = chain(3, 320, width, 0);
    FitReport report = fitter(rows, width).fit();
    assertThat(report.heldOutTokens()).isEqualTo(64);
    assertThat(report.kept()).isEqualTo(BasisKind.DIAGONAL);
    assertThat(report.candidate(BasisKind.KLT).orElseThrow().gain()).isNegative();
  }

  @Test
  void sameRowsGiveTheSameBytesHoweverTheyArrive() {
    int width = 13;
    float[] rows = chain(4, 9000, width, 0.8);
    ProfileFitter whole = fitter(rows, width);
    ProfileFitter pieces = ProfileFitter.of(width, OPTIONS);
    FloatBuffer buffer = FloatBuffer.wrap(rows);
    Random random = new Random(4);
    while (buffer.hasRemaining()) {
      pieces.add(buffer, Math.min(random.nextInt(100), buffer.remaining() / width));
    }
    Profile profile = whole.fit().profile();
    assertThat(pieces.fit().profile().toBytes()).isEqualTo(profile.toBytes());
    assertThat(Profile.of(ByteBuffer.wrap(profile.toBytes())).hash()).isEqualTo(profile.hash());
  }

  private static void assertIsInverse(Basis basis, double tolerance) {
    int n = basis.width();
    float[] forward = basis.forward();
    float[] inverse = basis.inverse();
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        double sum = 0;
        for (int c = 0; c < n; c++) {
          sum += (double) inverse[i * n + c] * forward[c * n + k];
        }
        assertThat(sum).isCloseTo(i == k ? 1 : 0, within(tolerance));
      }
    }
  }

  /** Rows of a stationary chain along the channels, of variance 1. */
  private static float[] chain(long seed, int count, int width, double rho) {
    Random random = new Random(seed);
    float[] rows = new float[count * width];
    for (int r = 0; r < count; r++) {
      double x = random.nextGaussian();
      for (int c = 0; c < width; c++) {
        rows[r * width + c] = (float) x;
        x = rho * x + Math.sqrt(1 - rho * rho) * random.nextGaussian();
      }
    }
    return rows;
  }

  private static ProfileFitter fitter(float[] rows, int width) {
    ProfileFitter fitter = ProfileFitter.of(width, OPTIONS);
    fitter.add(FloatBuffer.wrap(rows), rows.length / width);
    return fitter;
  }

  @Test
  void refusesWhatIsNotFinite() {
    ProfileFitter fitter = ProfileFitter.of(3, OPTIONS);
    float[] rows = {1, 2, 3, 4, Float.NaN, 6};
    assertThatThrownBy(() -> fitter.add(FloatBuffer.wrap(rows), 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("row 1 has a value that is not finite in channel 1");
    assertThatThrownBy(fitter::fit).isInstanceOf(IllegalStateException.class);
  }
}
