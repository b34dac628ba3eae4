package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Channels;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.Shape;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CertificateMeterTest {
  private static final int WIDTH = 4;

  @Test
  void dividesErrorsByTheProfilesDeviations() {
    Profile profile = Profile.of(new float[WIDTH], new float[] {1, 2, 4, 8});
    CertificateMeter meter = CertificateMeter.of(profile);
    float[] source = {1, 1, 1, 1, 5, 5, 5, 5};
    // Each error a quarter of the deviation: distortion 1/16, bound 2 bits.
    float[] decoded = {1.25f, 0.5f, 2, -1, 4.75f, 5.5f, 6, 3};
    meter.add(FloatBuffer.wrap(source), FloatBuffer.wrap(decoded), 2, 20);
    Certificate certificate = meter.certificate();
    assertThat(certificate.positions()).isEqualTo(2);
    assertThat(certificate.bitsPerElement()).isEqualTo(20);
    assertThat(certificate.distortionDb()).isCloseTo(10 * Math.log10(1 / 16.0), within(1e-9));
    assertThat(certificate.weightedDistortionDb()).isNull();
    assertThat(certificate.boundBitsPerElement()).isCloseTo(2, within(1e-6));
    assertThat(certificate.gap().orElseThrow()).isCloseTo(18, within(1e-6));
  }

  @Test
  void measuresTheStreamsOwnVariancesWithoutAProfile() {
    int positions = 3000;
    float[] source = new float[positions * WIDTH];
    float[] decoded = new float[source.length];
    Random random = new Random(1);
    for (int i = 0; i < source.length; i++) {
      int c = i % WIDTH;
      double deviation = Math.pow(10, c);
      source[i] = c == 3 ? 7 : (float) (100 * c + deviation * random.nextGaussian());
      decoded[i] = c == 3 ? 7 : (float) (source[i] + deviation / 8 * (random.nextInt(2) * 2 - 1));
    }
    CertificateMeter meter = CertificateMeter.of(WIDTH);
    // Frame by frame, of different sizes.
    int at = 0;
    for (int count = 1; at < positions; count = Math.min(count + 1, positions - at)) {
      meter.add(
          FloatBuffer.wrap(source).position(at * WIDTH),
          FloatBuffer.wrap(decoded).position(at * WIDTH),
          count,
          count * WIDTH);
      at += count;
    }
    Certificate certificate = meter.certificate();
    assertThat(certificate.positions()).isEqualTo(positions);
    assertThat(certificate.bitsPerElement()).isEqualTo(8);
    // The fourth channel is constant: it has no error and needs no bits.
    assertThat(certificate.distortionDb()).isCloseTo(10 * Math.log10(3 / 64.0 / 4), within(0.15));
    assertThat(certificate.boundBitsPerElement()).isCloseTo(3 * 3 / 4.0, within(0.03));
  }

  @Test
  void anExactStreamHasNoDistortionAndNoBound() {
    float[] source = {1, Float.NaN, Float.NEGATIVE_INFINITY, -0.0f, 2, 3, 4, 5};
    for (CertificateMeter meter :
        List.of(CertificateMeter.of(WIDTH), CertificateMeter.of(unit()))) {
      meter.add(FloatBuffer.wrap(source), FloatBuffer.wrap(source.clone()), 2, 32);
      Certificate certificate = meter.certificate();
      assertThat(certificate).isEqualTo(new Certificate(2, 32, null, null, null));
      assertThat(certificate.gap()).isEmpty();
    }
  }

  @Test
  void anEmptyStreamAndLostInfinitiesGiveNoNumber() {
    for (CertificateMeter meter :
        List.of(CertificateMeter.of(WIDTH), CertificateMeter.of(unit()))) {
      assertThat(meter.certificate()).isEqualTo(new Certificate(0, 0, null, null, null));
      float[] source = {1, 2, Float.NaN, 4};
      meter.add(FloatBuffer.wrap(source), FloatBuffer.wrap(new float[] {1, 2, 3, 1.0f / 0}), 1, 8);
      assertThat(meter.certificate()).isEqualTo(new Certificate(1, 16, null, null, null));
    }
  }

  /** An orthogonal matrix after the division by deviations leaves the distortion as it is. */
  @Test
  void takesTheBoundOfAKltFromItsVariances() {
    Channels channels = new Channels(new float[2], new float[] {2, 0.5f});
    float h = (float) Math.sqrt(0.5);
    float[] sigma = {(float) Math.sqrt(1.75), 0.5f};
    Basis basis =
        new Basis(
            BasisKind.KLT,
            new float[] {h / 2, h / 2, h / 0.5f, -h / 0.5f},
            new float[] {h * 2, h * 0.5f, h * 2, -h * 0.5f},
            sigma,
            new byte[2]);
    CertificateMeter meter = CertificateMeter.of(profile(channels, basis));
    // Normalised errors 0.5 and 0.5: distortion 0.25, and 1/2 (1/2 log2 7 + 0) bits.
    meter.add(FloatBuffer.wrap(new float[] {1, 0.25f}), FloatBuffer.wrap(new float[2]), 1, 1);
    Certificate certificate = meter.certificate();
    assertThat(certificate.distortionDb()).isCloseTo(10 * Math.log10(0.25), within(1e-6));
    assertThat(certificate.weightedDistortionDb()).isNull();
    assertThat(certificate.boundBitsPerElement())
        .isCloseTo(0.25 * Math.log(7) / Math.log(2), within(1e-6));
  }

  @Test
  void takesTheBoundOfAWeightedBasisAtTheWeightedDistortion() {
    Channels channels = new Channels(new float[2], new float[] {1, 1});
    Basis basis =
        new Basis(
            BasisKind.FISHER,
            new float[] {2, 0, 0, 0.25f},
            new float[] {0.5f, 0, 0, 4},
            new float[] {2, 0.25f},
            new byte[2]);
    CertificateMeter meter = CertificateMeter.of(profile(channels, basis));
    meter.add(FloatBuffer.wrap(new float[] {0.25f, 1}), FloatBuffer.wrap(new float[2]), 1, 1);
    Certificate certificate = meter.certificate();
    assertThat(certificate.distortionDb())
        .isCloseTo(10 * Math.log10((0.0625 + 1) / 2), within(1e-6));
    double weighted = (0.25 + 0.0625) / 2;
    assertThat(certificate.weightedDistortionDb())
        .isCloseTo(10 * Math.log10(weighted), within(1e-6));
    // The second coordinate is under water: 1/2 1/2 log2(4 / 0.25).
    assertThat(certificate.boundBitsPerElement()).isCloseTo(1, within(1e-6));
  }

  @Test
  void certifiesAStreamOfInt8() {
    int positions = 64;
    int width = 207;
    StreamSpec spec = new StreamSpec(CodecMode.INT8, width);
    float[] source = Frames.values(9, positions, width);
    byte[] frame = Frames.encode(spec, source, 0, HeaderForm.LONG);
    CertificateMeter meter = CertificateMeter.of(width);
    float[] decoded = Frames.decode(spec, frame);
    meter.add(FloatBuffer.wrap(source), FloatBuffer.wrap(decoded), positions, frame.length);
    Certificate certificate = meter.certificate();
    assertThat(certificate.bitsPerElement()).isEqualTo(frame.length * 8.0 / source.length);
    assertThat(certificate.distortionDb()).isBetween(-60.0, -10.0);
    assertThat(certificate.boundBitsPerElement()).isBetween(1.0, 8.0);
    assertThat(certificate.gap().orElseThrow()).isPositive();
  }

  @Test
  void allocatesNothingPerFrame() {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    FloatBuffer source = FloatBuffer.wrap(Frames.values(3, 1, WIDTH));
    FloatBuffer decoded = FloatBuffer.wrap(Frames.values(4, 1, WIDTH));
    for (CertificateMeter meter :
        List.of(CertificateMeter.of(WIDTH), CertificateMeter.of(unit()))) {
      meter.add(source, decoded, 1, 8);
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        meter.add(source, decoded, 1, 8);
      }
      // Less than a byte a frame: what the JVM itself may allocate meanwhile.
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);
    }
  }

  @Test
  void refusesTooFewValues() {
    CertificateMeter meter = CertificateMeter.of(WIDTH);
    FloatBuffer four = FloatBuffer.allocate(4);
    assertThatThrownBy(() -> meter.add(four, FloatBuffer.allocate(3), 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> meter.add(four, four, -1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(meter.certificate().positions()).isZero();
  }

  private static Profile unit() {
    return Profile.of(new float[WIDTH], new float[] {1, 1, 1, 1});
  }

  private static Profile profile(Channels channels, Basis basis) {
    return new Profile(channels, basis, List.of(Shape.normal()), false, 0);
  }
}
