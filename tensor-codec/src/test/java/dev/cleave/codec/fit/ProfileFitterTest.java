package dev.cleave.codec.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ReverseWaterFilling;
import dev.cleave.codec.profile.Shape;
import dev.cleave.codec.statistics.SymmetricEigen;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
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
    ReverseWaterFilling bound = ReverseWaterFilling.of(SymmetricEigen.of(correlations).values());
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

  /**
   * Rows of 100 tokens: the first massive in one channel and large in all; rare entries as well.
   */
  @Test
  void massiveTokensAndEntriesPoisonNothing() {
    int width = 16;
    float[] clean = chain(5, 20_000, width, 0.7);
    float[] dirty = clean.clone();
    Random random = new Random(5);
    for (int r = 0; r < 20_000; r++) {
      for (int c = 0; c < width && r % 100 == 0; c++) {
        dirty[r * width + c] = c == 3 ? 4000 : 20 * dirty[r * width + c] + 15;
      }
      if (random.nextInt(200) == 0) {
        dirty[r * width + random.nextInt(width)] = 1e30f;
      }
    }
    FitReport expected = fitter(clean, width).fit();
    FitReport report = fitter(dirty, width).fit();
    assertThat(report.kept()).isEqualTo(BasisKind.KLT);
    for (int c = 0; c < width; c++) {
      assertThat(report.profile().channels().mean(c)).isCloseTo(0, within(0.05f));
      assertThat(report.profile().channels().deviation(c)).isCloseTo(1, within(0.05f));
      assertThat(report.profile().basis().sigma()[c] / expected.profile().basis().sigma()[c])
          .isCloseTo(1, within(0.08f));
    }
    double gain = report.candidate(BasisKind.KLT).orElseThrow().gain();
    double cleanGain = expected.candidate(BasisKind.KLT).orElseThrow().gain();
    assertThat(gain).isCloseTo(cleanGain, within(0.1));
  }

  @Test
  void constantChannelsGetAFloor() {
    int width = 5;
    float[] rows = chain(6, 2000, width, 0.5);
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i % width == 1 ? 0 : i % width == 3 ? 0.1f : 100 * rows[i];
    }
    for (BasisKind kind : List.of(BasisKind.DIAGONAL, BasisKind.KLT)) {
      Profile profile = fitter(rows, width).fit(kind);
      assertThat(profile.channels().mean(1)).isZero();
      assertThat(profile.channels().mean(3)).isEqualTo(0.1f);
      assertThat(profile.channels().deviation(1)).isBetween(0.9e-4f, 1.1e-4f);
      assertThat(profile.channels().deviation(3)).isBetween(0.9e-4f, 1.1e-4f);
      assertThat(profile.channels().deviation(0)).isBetween(95f, 105f);
      assertThat(Profile.of(ByteBuffer.wrap(profile.toBytes())).hash()).isEqualTo(profile.hash());
    }
    float[] all = new float[500 * width];
    Arrays.fill(all, -7);
    Profile profile = fitter(all, width).fit().profile();
    assertThat(profile.channels().means()).containsOnly(-7);
    assertThat(profile.channels().deviations()).containsOnly(1e-6f);
  }

  @Test
  void hugeAndTinyChannelsAreChannelsLikeOthers() {
    int width = 4;
    float[] rows = chain(7, 4000, width, 0.9);
    float[] factors = {1e30f, 1, 1e-30f, 1e-3f};
    float[] scaled = rows.clone();
    for (int i = 0; i < rows.length; i++) {
      scaled[i] *= factors[i % width];
    }
    Profile profile = fitter(scaled, width).fit(BasisKind.KLT);
    Profile plain = fitter(rows, width).fit(BasisKind.KLT);
    assertThat(profile.channels().deviation(0)).isBetween(0.9e30f, 1.1e30f);
    // The third is below a millionth of the median, and so counts as constant.
    assertThat(profile.channels().deviation(2)).isBetween(1e-10f, 2e-6f);
    assertThat(profile.basis().sigma()[0]).isLessThan(plain.basis().sigma()[0]);
    assertThat(profile.channels().deviation(3)).isBetween(0.9e-3f, 1.1e-3f);
  }

  @Test
  void tellsShapesApart() {
    int width = 32;
    Random random = new Random(8);
    float[] rows = new float[6000 * width];
    for (int i = 0; i < rows.length; i++) {
      rows[i] =
          i % 2 == 0
              ? (float) random.nextGaussian()
              : (float) (Math.log(random.nextDouble()) * (random.nextInt(2) * 2 - 1));
    }
    Profile profile = fitter(rows, width).fit(BasisKind.DIAGONAL);
    assertThat(profile.shapes()).hasSize(2);
    for (int c = 0; c < width; c++) {
      assertThat(profile.basis().shapeOf(c)).isEqualTo(profile.basis().shapeOf(c % 2));
    }
    assertThat(profile.basis().shapeOf(0)).isNotEqualTo(profile.basis().shapeOf(1));
    for (Shape shape : profile.shapes()) {
      assertThat(Arrays.stream(shape.masses()).min().orElseThrow()).isPositive();
    }
    // Of the Laplace distribution with variance 1: exp(-2 sqrt 2) / 2 beyond two deviations.
    Shape laplace = profile.shapes().get(profile.basis().shapeOf(1));
    assertThat(laplace.cumulative(-2)).isCloseTo(Math.exp(-2 * Math.sqrt(2)) / 2, within(0.003));
    assertThat(fitter(chain(8, 6000, width, 0), width).fit().profile().shapes()).hasSize(1);
  }

  @Test
  void rowsHaveAGainOnlyWhereErrorsAreRelativeAndRowsDiffer() {
    int width = 48;
    float[] rows = chain(9, 3000, width, 0);
    float[] varied = rows.clone();
    Random random = new Random(9);
    for (int r = 0; r < 3000; r++) {
      double gain = Math.exp(random.nextGaussian());
      for (int c = 0; c < width; c++) {
        varied[r * width + c] = (float) (2 * gain * varied[r * width + c]);
      }
    }
    FitOptions relative = OPTIONS.withRelativeRows(true);
    assertThat(fitter(varied, width).fit().profile().tokenGain()).isFalse();
    assertThat(fitter(rows, width, relative).fit().profile().tokenGain()).isFalse();
    Profile profile = fitter(varied, width, relative).fit().profile();
    assertThat(profile.tokenGain()).isTrue();
    // What is left after the gains is normal again.
    assertThat(profile.shapes()).hasSize(1);
    assertThat(profile.shapes().get(0).cumulative(-2)).isCloseTo(0.0228, within(0.004));
  }

  /** The matrices are those of the definition: forward^T forward is the weighted metric. */
  @Test
  void weighsByTheGradientsThatWereGiven() {
    int width = 12;
    float[] rows = chain(10, 10_000, width, 0.6);
    float[] slopes = new float[1000 * width];
    Random random = new Random(10);
    for (int r = 0; r < 1000; r++) {
      // The server looks at the sum of the first two channels, and at little else.
      float slope = (float) random.nextGaussian();
      for (int c = 0; c < width; c++) {
        slopes[r * width + c] = c < 2 ? slope : 0.1f * (float) random.nextGaussian();
      }
    }
    ProfileFitter fitter = fitter(rows, width);
    assertThatThrownBy(() -> fitter.fit(BasisKind.FISHER))
        .isInstanceOf(IllegalStateException.class);
    fitter.addGradients(FloatBuffer.wrap(slopes), 1000);
    FitReport report = fitter.fit();
    assertThat(report.candidates()).hasSize(3);
    assertThat(report.kept()).isEqualTo(BasisKind.FISHER);
    assertThat(report.candidate(BasisKind.FISHER).orElseThrow().gain()).isGreaterThan(0.5);
    assertIsInverse(report.profile().basis(), 1e-4);
    float[] forward = report.profile().basis().forward();
    float[] sigma = report.profile().basis().sigma();
    double meanVariance = 0;
    for (float each : sigma) {
      meanVariance += (double) each * each / width;
    }
    assertThat(meanVariance).isCloseTo(1, within(1e-5));
    double[][] fisher = new double[width][width];
    double[][] metric = new double[width][width];
    double trace = 0;
    for (int c = 0; c < width; c++) {
      for (int k = 0; k < width; k++) {
        for (int r = 0; r < 1000; r++) {
          fisher[c][k] += (double) slopes[r * width + c] * slopes[r * width + k];
        }
        for (int i = 0; i < width; i++) {
          metric[c][k] += (double) forward[c * width + i] * forward[k * width + i];
        }
        double deviations =
            report.profile().channels().deviation(c) * report.profile().channels().deviation(k);
        fisher[c][k] *= deviations;
        metric[c][k] *= deviations;
      }
      trace += fisher[c][c];
    }
    double scale = metric[0][0] / (fisher[0][0] / trace * width + OPTIONS.ridge());
    for (int c = 0; c < width; c++) {
      for (int k = 0; k < width; k++) {
        double expected = fisher[c][k] / trace * width + (c == k ? OPTIONS.ridge() : 0);
        assertThat(metric[c][k] / scale).as("%d, %d", c, k).isCloseTo(expected, within(1e-3));
      }
    }
    assertThat(fitter.fit(BasisKind.FISHER, 10).hash()).isNotEqualTo(report.profile().hash());
    assertThat(fitter.fit(BasisKind.FISHER).hash()).isEqualTo(report.profile().hash());
  }

  @Test
  void keepsDiagonalWhereNothingCanBeJudged() {
    FitReport few = fitter(chain(11, 200, 8, 0.9), 8).fit();
    assertThat(few.kept()).isEqualTo(BasisKind.DIAGONAL);
    assertThat(few.heldOutTokens()).isZero();
    assertThat(few.why()).contains("fewer than 64 held-out rows");
    assertThat(fitter(chain(11, 1, 8, 0.9), 8).fit().profile().width()).isEqualTo(8);
    assertThat(fitter(chain(11, 2000, 1, 0), 1).fit().kept()).isEqualTo(BasisKind.DIAGONAL);
    FitReport without = fitter(chain(11, 2000, 8, 0.9), 8, OPTIONS.withTransform(false)).fit();
    assertThat(without.kept()).isEqualTo(BasisKind.DIAGONAL);
    assertThat(without.why()).isEqualTo("no transform was looked for");
  }

  @Test
  void refusesWhatWasNotGathered() {
    ProfileFitter fitter = fitter(chain(12, 400, 8, 0.9), 8, OPTIONS.withTransform(false));
    assertThatThrownBy(() -> fitter.fit(BasisKind.KLT)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> fitter.addGradients(FloatBuffer.allocate(8), 1))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> fitter.add(FloatBuffer.allocate(7), 1))
        .isInstanceOf(IllegalArgumentException.class);
    ProfileFitter still = fitter(chain(12, 400, 8, 0.9), 8);
    still.addGradients(FloatBuffer.allocate(8), 1);
    assertThatThrownBy(() -> still.fit(BasisKind.FISHER)).hasMessageContaining("gradients are 0");
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
    return fitter(rows, width, OPTIONS);
  }

  private static ProfileFitter fitter(float[] rows, int width, FitOptions options) {
    ProfileFitter fitter = ProfileFitter.of(width, options);
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
